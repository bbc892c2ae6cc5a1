/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pinned objects: where they lie, which modes they have, how they are verified,
 * and how all of a module is pinned or nothing. Never logs: what went wrong is in
 * struct pin_error.
 *
 *   <root>/                   0751 root:<group>
 *     ~lock/                  0700, locked by the one owner
 *     <module>/               0750 root:<group of the module>
 *       events schema counters meta       0440
 *       links/<program>                   0600, directory 0700
 *       maps/<name>                       0600, or 0440 where public, directory 0750
 *       subscriptions/<name>              0600, directory 0700
 *     <module>~new/           a stage: pinned but not yet the module's
 *
 * A module is pinned into its stage and the stage is then renamed over the
 * module in one step (RENAME_EXCHANGE, Linux 5.16), so a crash leaves the old
 * module or the new one, and a stage that the next start removes. Removal goes the
 * other way: the module becomes a stage in one step.
 *
 * Whatever can fail returns negative errno and writes *error, which may be NULL.
 * Common to all: -EACCES, the caller may not look there, and *error says which group
 * could; -EPERM, something lies there that this library did not put there, and
 * *error says what, found and expected: such objects are never opened, changed or
 * removed (or the kernel refused a privilege that the caller has given up: an owner
 * needs CAP_DAC_OVERRIDE, CAP_CHOWN, and CAP_SYS_ADMIN to mount); -EINVAL a name that
 * no pin can have; -ENAMETOOLONG; -ENOMEM. All descriptors are O_CLOEXEC. /proc has
 * to be mounted: it tells a map from a link.
 */
#ifndef PULSAR_PIN_H
#define PULSAR_PIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PIN_PATH_MAX 256

/*
 * What went wrong with which object. `text` names it: "/sys/fs/bpf/x/events: owned by uid 1000,
 * expected 0".
 */
struct pin_error {
	char text[512];
};

struct pin_root;

/* ---- root.c: bpffs and the root directory ---- */

/* What pin_root_open() had to do, for the caller's log. */
struct pin_prepared {
	bool mounted;  /* bpffs was mounted by this call */
	bool traverse; /* the mount point was given traverse permission */
	bool created;  /* the root directory was made */
};

enum pin_open {
	PIN_READ, /* look only: nothing is made, mounted, locked or repaired */
	PIN_OWN,  /* the one owner: mount, make, lock, clean stages */
};

/**
 * pin_root_open - open the directory of all pins
 * @path: absolute, below a bpffs mount
 * @how: to look, which takes no privilege, or as its owner, which takes root
 * @traverse: PIN_OWN: bits that the mount point is to have, so that others reach the root: 0011 by
 *	default, 0: leave it
 * @gid: PIN_OWN: group of the root
 * @prepared: PIN_OWN: what had to be done; untouched on failure; may be NULL
 * @error: what went wrong; may be NULL
 *
 * Verifies that nobody but root can change a directory on the way, and that the root is a directory
 * of bpffs, owned by root and not writable by others.
 *
 * PIN_OWN mounts bpffs at /sys/fs/bpf when @path lies below it and nothing is mounted there, gives
 * the mount point @traverse, makes the root, gives it mode 0751 and @gid, takes the exclusive lock
 * (released by pin_root_free() or death), and removes stages that a crash left.
 *
 * Return: the root, which the caller frees; or NULL with errno: EWOULDBLOCK another owner holds
 * the lock, ENOENT, ENOTDIR something else lies there (or a symbolic link on the way), EPERM wrong
 * owner or mode, or foreign objects in a stage, EINVAL @path is not on bpffs, or @traverse has
 * other bits than 0055, EACCES, ENAMETOOLONG.
 */
struct pin_root *pin_root_open(const char *path, enum pin_open how, mode_t traverse, gid_t gid,
			       struct pin_prepared *prepared, struct pin_error *error);
/* Closes and unlocks; pins stay. NULL is fine. */
void pin_root_free(struct pin_root *root);
/* As it was opened; lives as long as the root. */
const char *pin_root_path(const struct pin_root *root);
/*
 * Removes the root directory if no module is in it: 0, -ENOTEMPTY, or another negative errno.
 * Still to be freed.
 */
int pin_root_remove(struct pin_root *root, struct pin_error *error);

/* ---- module.c: names and verification of what is there ---- */

/*
 * True for [a-z0-9][a-z0-9_-]*, shorter than PULSAR_MODULE_LEN. Names of subscriptions obey it
 * too.
 */
bool pin_name_valid(const char *name);

/**
 * pin_modules_each - call `visit` for each module pinned below the root, in the order of names
 * @visit: stops at the first that is not 0; may remove modules
 * @arg: for @visit
 *
 * A stage is not a module. A module's directory is verified, not what is in it.
 *
 * Return: 0, what @visit returned, or negative errno: -EPERM foreign objects lie there; *error
 * names the first, and all modules were visited.
 */
int pin_modules_each(const struct pin_root *root, int (*visit)(const char *module, void *arg),
		     void *arg, struct pin_error *error);
/**
 * pin_module_verify - check owner, mode and type of all that a module has pinned
 *
 * Opens each object, so with PIN_READ it takes root, too.
 *
 * Return: 1 all is as it must be, 0 the module is not there, or negative errno.
 */
int pin_module_verify(const struct pin_root *root, const char *module, struct pin_error *error);
/**
 * pin_names_each - call `visit` for each pin in a directory of a module, in the order of names
 * @dir: "links", "maps" or "subscriptions"
 * @visit: stops at the first that is not 0
 * @arg: for @visit
 *
 * Owner and mode are verified; the type is when the pin is opened.
 *
 * Return: 0, what @visit returned, or negative errno: -ENOENT, -EPERM it stopped at a foreign
 * object.
 */
int pin_names_each(const struct pin_root *root, const char *module, const char *dir,
		   int (*visit)(const char *name, void *arg), void *arg, struct pin_error *error);
/**
 * pin_module_remove - unlink all of a module's pins and its directories
 *
 * Verifies all of it first: with foreign objects in it, it is left as it is. Killed in the middle,
 * it leaves a stage, which the next owner removes.
 *
 * Return: 0, -ENOENT, or another negative errno.
 */
int pin_module_remove(struct pin_root *root, const char *module, struct pin_error *error);

/* What a map must look like to be taken over; 0: not checked. */
struct pin_map_expect {
	unsigned int type;	 /* BPF_MAP_TYPE_* */
	unsigned int key_size;	 /* bytes */
	unsigned int value_size; /* bytes */
	unsigned int max_entries;
};

/**
 * pin_map_open - open a pinned map
 * @name: "events", "maps/x", "subscriptions/default"
 * @expect: NULL: any map will do
 *
 * With PIN_READ it is opened for reading only (BPF_F_RDONLY), with PIN_OWN for both, which takes
 * CAP_DAC_OVERRIDE where the mode is 0440.
 *
 * Return: a descriptor that the caller closes, or negative errno: -ENOENT, -EPERM not ours,
 * -EINVAL not the expected map.
 */
int pin_map_open(const struct pin_root *root, const char *module, const char *name,
		 const struct pin_map_expect *expect, struct pin_error *error);
/* The same for a link, by program name. Takes root: links can only be opened for both. */
int pin_link_open(const struct pin_root *root, const char *module, const char *program,
		  struct pin_error *error);

/* ---- stage.c: all or nothing ---- */

struct pin_stage;

/**
 * pin_stage_new - begin to pin a module
 * @root: must outlive the stage
 * @gid: group of the module
 *
 * Makes <module>~new, empty, after removing one that was left over. Only root can pass it before it
 * is committed. One stage per module at a time.
 *
 * Return: the stage, or NULL with errno.
 */
struct pin_stage *pin_stage_new(struct pin_root *root, const char *module, gid_t gid,
				struct pin_error *error);
/**
 * pin_stage_map - pin a map
 * @name: "events", "maps/x", "subscriptions/siem"
 * @fd: stays the caller's
 * @public: 0440 root:gid, else 0600. True for events, schema, counters and meta, false for
 *	subscriptions, free for maps/
 *
 * Return: 0, or negative errno, with which the stage can still be used: -EINVAL @name cannot have
 * that object or mode, -EEXIST.
 */
int pin_stage_map(struct pin_stage *stage, const char *name, int fd, bool public,
		  struct pin_error *error);
/* The same for a link: pins it at links/<program>, 0600. */
int pin_stage_link(struct pin_stage *stage, const char *program, int fd, struct pin_error *error);
/**
 * pin_stage_commit - the stage becomes the module in one step
 * @stage: is freed in any case
 *
 * What was the module before is unpinned after it.
 *
 * Return: 0; or negative errno: the module is what it was, and nothing of the stage is left
 * (-EPERM: the module has objects that we did not make); or 1 with *error: the new module is in
 * place, but the old one, now <module>~new, could not be unpinned: the next pin_stage_new() or
 * owner tries again.
 */
int pin_stage_commit(struct pin_stage *stage, struct pin_error *error);
/* Unpins all that was staged. NULL is fine. */
void pin_stage_free(struct pin_stage *stage);

/* ---- subscription.c ---- */

/*
 * Add or remove one subscription of a module that is pinned already: <module>/subscriptions/<name>,
 * 0600. fd stays the caller's. -EEXIST, -ENOENT.
 */
int pin_subscription_add(struct pin_root *root, const char *module, const char *name, int fd,
			 struct pin_error *error);
int pin_subscription_remove(struct pin_root *root, const char *module, const char *name,
			    struct pin_error *error);

/* ---- reader.c: what needs no privilege ---- */

/**
 * pin_reader_open - open a public map of a module for reading only
 * @path: of the root
 * @name: "events", "schema", "counters", "meta", "maps/x"
 * @expect: NULL: the type and key that a pin of this name has
 *
 * pin_map_open() on a root opened with PIN_READ. Without CAP_BPF it needs Linux 5.19. Beside
 * bpf(2) it calls lstat, open, fstat, fstatfs and readlink, and on -EACCES reads the group
 * database.
 *
 * Return: a descriptor that the caller closes, or negative errno: -ENOENT; -EACCES *error names the
 * group that would do; -EPERM not ours; -EINVAL not the expected map.
 */
int pin_reader_open(const char *path, const char *module, const char *name,
		    const struct pin_map_expect *expect, struct pin_error *error);
/**
 * pin_group_needed - which group the caller would have to be in to read a path
 * @group: its name, or number if it has no name; untouched unless 1 is returned
 * @size: bytes of @group
 *
 * Return: 1 that group is missing; 0 the caller can read it as it is; -EPERM no group helps, only
 * the owner may; -ENOENT and other errors of lstat(2); -ERANGE @group is too small.
 */
int pin_group_needed(const char *path, char *group, size_t size);

#endif
