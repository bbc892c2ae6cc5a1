/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this library share. Nobody but its tests includes it.
 *
 * Everything below a root is reached by paths, and checked by lstat before it
 * is used. That holds without races, because pin_root_open() makes sure that
 * each directory down to the root can be changed by root alone, and pin_check()
 * says the same of the directories below it.
 */
#ifndef PULSAR_PIN_INTERNAL_H
#define PULSAR_PIN_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include <pulsar/event.h>

#include "pin.h"

/*
 * bpffs takes no '.' in a name (kernel/bpf/inode.c, bpf_lookup()), and no module has a '~' in
 * its name.
 */
#define PIN_STAGE_SUFFIX "~new"
#define PIN_STAGE_LEN	 (PULSAR_MODULE_LEN + sizeof(PIN_STAGE_SUFFIX) - 1)

#define PIN_LOCK_NAME "~lock"

#define PIN_MODE_ROOT	 0751
#define PIN_MODE_PUBLIC	 0440
#define PIN_MODE_PRIVATE 0600

struct pin_root {
	char path[PIN_PATH_MAX];
	int fd;	   /* of the directory: O_PATH with PIN_READ */
	int lock;  /* with PIN_OWN: of PIN_LOCK_NAME */
	dev_t dev; /* of the bpffs that it lies on */
	enum pin_open how;
};

/* ---- error.c ---- */

/* Writes the text, if anybody wants it, and returns -err. */
int pin_fail(struct pin_error *error, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/*
 * -EACCES, with the directory or object that stopped the caller on the way to `path`, and who
 * may pass.
 */
int pin_denied(struct pin_error *error, const char *path);
/* -EPERM unless the root was opened with PIN_OWN. */
int pin_must_own(const struct pin_root *root, struct pin_error *error);

/* ---- names.c: what may lie where ---- */

enum pin_kind { PIN_DIRECTORY, PIN_MAP, PIN_LINK };

/* What an entry of a directory has to be. */
struct pin_rule {
	const char *name; /* NULL: any that `valid` takes */
	bool (*valid)(const char *name);
	enum pin_kind kind;
	mode_t mode;
	mode_t other;		       /* right as well; 0: none */
	const struct pin_rule *inside; /* PIN_DIRECTORY: its entries, ended by an empty rule */
};

/* A module's directory. */
extern const struct pin_rule pin_rule_module;

/* The rule for an entry of a directory, NULL: it has no business there. */
const struct pin_rule *pin_rule_inside(const struct pin_rule *directory, const char *name);
/* How a kind is called in texts: "a map". */
const char *pin_kind_text(enum pin_kind kind);

/* The name of a module's stage, from one that pin_name_valid() takes. */
void pin_stage_name(char stage[PIN_STAGE_LEN], const char *module);
/* Writes the module's name and returns true if `name` is that of a stage. */
bool pin_stage_parse(const char *name, char module[PULSAR_MODULE_LEN]);

/* ---- path.c: where it lies, and what lies in a directory ---- */

struct pin_path {
	char text[PIN_PATH_MAX];
	size_t len;
	size_t root; /* bytes of text that are the root's path */
};

void pin_path_root(struct pin_path *path, const struct pin_root *root);
/* The path from the root's descriptor, for openat() and the like. */
const char *pin_path_relative(const struct pin_path *path);
/* Adds `len` bytes of `name` below it. -ENAMETOOLONG with *error. */
int pin_path_add(struct pin_path *path, const char *name, size_t len, struct pin_error *error);
/* The root's entry of that name. */
int pin_path_make(struct pin_path *path, const struct pin_root *root, const char *name,
		  struct pin_error *error);
/* Writes "<directory>/<entry>", as pin_path_step() takes it. */
int pin_path_below(char name[PIN_PATH_MAX], const char *directory, const char *entry,
		   struct pin_error *error);
/*
 * Goes down by the first part of *name ("maps/x"), with path and rule, and takes it off.
 * -EINVAL if nothing of that name can be there.
 */
int pin_path_step(struct pin_path *path, const struct pin_rule **rule, const char **name,
		  struct pin_error *error);

struct pin_names {
	char **name; /* sorted */
	size_t count;
};

/* Reads a directory, without "." and "..". The caller releases the names, on failure too. */
int pin_names_read(struct pin_names *names, const struct pin_root *root,
		   const struct pin_path *path, struct pin_error *error);
void pin_names_release(struct pin_names *names);

/* ---- verify.c: is what lies there what we put there ---- */

/* How a file that has no business here is called in texts: "a fifo". */
const char *pin_file_text(mode_t mode);

#define PIN_ANY_GID ((gid_t)-1)

/* What lies at `path`, not followed: -ENOENT, -EACCES, -EPERM on another filesystem. */
int pin_stat(struct stat *st, const struct pin_root *root, const struct pin_path *path,
	     struct pin_error *error);
/*
 * Checks kind of file, owner, mode, and, where the mode lets a group in, that it is
 * `gid` (PIN_ANY_GID: not checked). `staged`: as it may be before the stage has given it its
 * final mode, too. Does not open it. 0 or as pin_stat(), -EPERM *error names what differs.
 */
int pin_check(const struct pin_root *root, const struct pin_path *path, const struct pin_rule *rule,
	      gid_t gid, bool staged, struct stat *st, struct pin_error *error);
/*
 * Checks a module's directory and each part of `name` ("" for none), and writes path and rule
 * of the last, and the module's group.
 */
int pin_check_name(const struct pin_root *root, const char *module, const char *name,
		   struct pin_path *path, const struct pin_rule **rule, gid_t *gid,
		   struct pin_error *error);

/* ---- tree.c: a module's directory or stage as a whole ---- */

/* Checks all of it, and opens each object to see its type. -ENOENT: the directory is not there. */
int pin_tree_check(const struct pin_root *root, const char *directory, bool staged,
		   struct pin_error *error);
/* Removes all of it; to be checked before. */
int pin_tree_remove(const struct pin_root *root, const char *directory, struct pin_error *error);
/* Checks and removes a module's stage; 0 too when there is none. */
int pin_stage_clear(const struct pin_root *root, const char *module, struct pin_error *error);

/* ---- object.c: BPF objects ---- */

/*
 * Opens the object pinned at `path`: a descriptor, -EPERM it is of another kind, -EACCES, or
 * another errno.
 */
int pin_object_open(const char *path, enum pin_kind kind, bool read_only, struct pin_error *error);
/* 0 if the descriptor is of that kind, -EPERM if not. `what` names it. */
int pin_object_check(int fd, enum pin_kind kind, const char *what, struct pin_error *error);
/* 0 if the map is as expected, else -EINVAL. */
int pin_object_expect(int fd, const struct pin_map_expect *expect, const char *what,
		      struct pin_error *error);
/*
 * Pins it with that mode, and for that group if the mode lets one in. Nothing is left on
 * failure.
 */
int pin_object_pin(const struct pin_root *root, const struct pin_path *path, int fd,
		   enum pin_kind kind, mode_t mode, gid_t gid, struct pin_error *error);

/* ---- bpffs.c: the way to the root ---- */

/* -EINVAL unless `path` is absolute, without "." and "..", and leaves room for names below it. */
int pin_bpffs_path(const char *path, struct pin_error *error);
/*
 * Mounts bpffs at /sys/fs/bpf if `path` lies below it and nothing is mounted there. 1 mounted,
 * 0 not.
 */
int pin_bpffs_mount(const char *path, struct pin_error *error);
/*
 * Checks each directory above `path`: no symbolic link, of root, not to be changed by others; the
 * last one has to be on bpffs. `traverse`: bits that the mount point is to have. 1 they were
 * added, 0 not.
 */
int pin_bpffs_check(const char *path, mode_t traverse, struct pin_error *error);
/* Whether the file lies on bpffs: 1, 0 or negative errno. */
int pin_bpffs_is(int fd);

/* ---- lock.c ---- */

/*
 * Takes the lock. -EWOULDBLOCK with who holds it; -ESTALE a former owner has removed the root
 * or the lock.
 */
int pin_lock(struct pin_root *root, struct pin_error *error);
/* Removes the lock's directory; the lock itself is held on. */
int pin_lock_remove(struct pin_root *root, struct pin_error *error);

#endif
