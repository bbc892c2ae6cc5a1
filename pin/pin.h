/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pinned objects: where they lie, which modes they have, how they are verified,
 * and how all of a module is pinned or nothing. Never logs: what went wrong is in
 * struct pin_error.
 *
 *   <root>/                   0751 root:<group>
 *     <module>/               0750 root:<group of the module>
 *       events schema counters meta       0440
 *       links/<program>                   0600, directory 0700
 *       maps/<name>                       0600, or 0440 where public
 *       subscriptions/<name>              0600, directory 0700
 *     <module>~new/           a stage: pinned but not yet the module's
 *
 * A module is pinned into its stage and the stage is then renamed over the
 * module in one step (RENAME_EXCHANGE, Linux 5.16), so a crash leaves the old
 * module or the new one, and a stage that the next start removes.
 */
#ifndef PULSAR_PIN_H
#define PULSAR_PIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PIN_ROOT_DEFAULT "/sys/fs/bpf/pulsar"
#define PIN_PATH_MAX	 256

/* What went wrong with which object. `text` names it: "/sys/fs/bpf/x/events: owned by uid 1000, not root". */
struct pin_error {
	char text[512];
};

struct pin_root;

/* ---- root.c: bpffs and the root directory ---- */

/* What pin_root_open() had to do, for the caller's log. */
struct pin_prepared {
	bool mounted;	/* bpffs was mounted by this call */
	bool traverse;	/* the mount point was given traverse permission */
	bool created;	/* the root directory was made */
};

enum pin_open {
	PIN_READ,  /* look only: nothing is made, mounted, locked or repaired */
	PIN_OWN,   /* the one owner: mount, make, lock, clean stages */
};

/*
 * Opens the directory `path`, below a bpffs mount.
 *
 * PIN_OWN mounts bpffs at /sys/fs/bpf when `path` lies below it and nothing is
 * mounted there, gives the mount point the bits `traverse` (0011 by default, 0: leave
 * it) so that others reach the root, makes the root (0751 root:gid), verifies that it is a directory
 * of bpffs owned by root and not writable by others, and takes an exclusive lock on
 * it (flock, released by pin_root_free() or death).
 *
 * Returns NULL with errno and *error: EWOULDBLOCK another owner holds it,
 * ENOENT, ENOTDIR, EPERM wrong owner or mode, EINVAL not on bpffs.
 */
struct pin_root *pin_root_open(const char *path, enum pin_open how, mode_t traverse, gid_t gid,
			       struct pin_prepared *prepared, struct pin_error *error);
/* Closes and unlocks; pins stay. NULL is fine. */
void pin_root_free(struct pin_root *root);
const char *pin_root_path(const struct pin_root *root);
/* Removes the root directory if it is empty: 0, -ENOTEMPTY, or another negative errno. */
int pin_root_remove(struct pin_root *root, struct pin_error *error);

/* ---- module.c: names and verification of what is there ---- */

/* True for [a-z0-9][a-z0-9_-]*, shorter than PULSAR_MODULE_LEN. */
bool pin_name_valid(const char *name);

/* Calls `visit` for each module pinned below root; a stage is not one. Stops at the first
 * non-zero return, and returns it. Foreign objects make -EPERM with *error. */
int pin_modules_each(const struct pin_root *root, int (*visit)(const char *module, void *arg), void *arg,
		     struct pin_error *error);
/* 1 the module is pinned and each of its objects has the owner, mode and type that it must have;
 * 0 it is not there; negative errno with *error: -EPERM an object that we did not make. */
int pin_module_verify(const struct pin_root *root, const char *module, struct pin_error *error);
/* The same for its names one by one: dir is "links", "maps" or "subscriptions". */
int pin_names_each(const struct pin_root *root, const char *module, const char *dir,
		   int (*visit)(const char *name, void *arg), void *arg, struct pin_error *error);
/* Unlinks all of a module's pins and its directories. Verifies first: foreign objects are left, and named. */
int pin_module_remove(struct pin_root *root, const char *module, struct pin_error *error);

/* What a map must look like to be taken over; 0 or NULL: not checked. */
struct pin_map_expect {
	unsigned int type; /* BPF_MAP_TYPE_* */
	unsigned int key_size;
	unsigned int value_size;
	unsigned int max_entries;
};

/* Opens <root>/<module>/<name> ("events", "maps/x", "subscriptions/default"): a descriptor that the caller
 * closes, or negative errno with *error: -ENOENT, -EPERM not ours, -EINVAL not the expected map. */
int pin_map_open(const struct pin_root *root, const char *module, const char *name,
		 const struct pin_map_expect *expect, struct pin_error *error);
/* The same for a link, by program name. */
int pin_link_open(const struct pin_root *root, const char *module, const char *program, struct pin_error *error);

/* ---- stage.c: all or nothing ---- */

struct pin_stage;

/* Makes <module>~new, empty, after removing one that was left over. `gid`: of the module. NULL with errno and *error. */
struct pin_stage *pin_stage_new(struct pin_root *root, const char *module, gid_t gid, struct pin_error *error);
/* Pins a map at `name` ("events", "maps/x", "subscriptions/siem"); public: 0440 root:gid, else 0600. fd stays the caller's. */
int pin_stage_map(struct pin_stage *stage, const char *name, int fd, bool public, struct pin_error *error);
/* Pins a link at links/<program>, 0600. fd stays the caller's. */
int pin_stage_link(struct pin_stage *stage, const char *program, int fd, struct pin_error *error);
/* The stage becomes the module in one step; what was the module before is unpinned after it. Frees the stage in any case. */
int pin_stage_commit(struct pin_stage *stage, struct pin_error *error);
/* Unpins all that was staged. NULL is fine. */
void pin_stage_free(struct pin_stage *stage);

/* Adds or removes one subscription of a module that is pinned already: <module>/subscriptions/<name>, 0600. */
int pin_subscription_add(struct pin_root *root, const char *module, const char *name, int fd, struct pin_error *error);
int pin_subscription_remove(struct pin_root *root, const char *module, const char *name, struct pin_error *error);

#endif
