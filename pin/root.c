// SPDX-License-Identifier: Apache-2.0
/*
 * The root directory of all pins: opened to look, or as its one owner.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* A new directory has no bit for others until root_own() has set its group. */
static int root_make(const char *path, struct pin_error *error)
{
	if (!mkdir(path, 0700))
		return 1;
	if (errno == EEXIST)
		return 0;
	return pin_fail(error, errno, "%s: cannot make the directory: %s", path, strerror(errno));
}

static int open_failed(const char *path, int err, struct pin_error *error)
{
	struct stat st;

	switch (err) {
	case EACCES:
		return pin_denied(error, path);
	case ENOENT:
		return pin_fail(error, ENOENT, "%s: not there", path);
	case ELOOP:
	case ENOTDIR:
		return pin_fail(error, ENOTDIR, "%s: %s, expected a directory", path,
				lstat(path, &st) ? "something else" : pin_file_text(st.st_mode));
	}
	return pin_fail(error, err, "%s: cannot open: %s", path, strerror(err));
}

/* Without the right to list it, a reader can still pass it: O_PATH asks for no more. */
static int root_directory(struct pin_root *root, struct pin_error *error)
{
	int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

	root->fd = open(root->path, flags | (root->how == PIN_OWN ? O_RDONLY : O_PATH));
	return root->fd < 0 ? open_failed(root->path, errno, error) : 0;
}

static int root_check(struct pin_root *root, struct stat *st, struct pin_error *error)
{
	int bpffs;

	if (fstat(root->fd, st))
		return pin_fail(error, errno, "%s: %s", root->path, strerror(errno));
	bpffs = pin_bpffs_is(root->fd);
	if (bpffs < 0)
		return pin_fail(error, -bpffs, "%s: %s", root->path, strerror(-bpffs));
	if (!bpffs)
		return pin_fail(error, EINVAL, "%s: not on bpffs", root->path);
	if (st->st_uid)
		return pin_fail(error, EPERM, "%s: owned by uid %u, expected 0", root->path,
				st->st_uid);
	if (st->st_mode & 0022)
		return pin_fail(error, EPERM,
				"%s: mode %04o, expected %04o: others could have put objects there",
				root->path, st->st_mode & 07777, PIN_MODE_ROOT);
	root->dev = st->st_dev;
	return 0;
}

static int root_modes(const struct pin_root *root, const struct stat *st, gid_t gid,
		      struct pin_error *error)
{
	if (st->st_gid != gid && fchown(root->fd, 0, gid))
		return pin_fail(error, errno, "%s: cannot give it to group %u: %s", root->path, gid,
				strerror(errno));
	if ((st->st_mode & 07777) != PIN_MODE_ROOT && fchmod(root->fd, PIN_MODE_ROOT))
		return pin_fail(error, errno, "%s: cannot set mode %04o: %s", root->path,
				PIN_MODE_ROOT, strerror(errno));
	return 0;
}

/* What a crash left of modules that were being pinned or unpinned. */
static int stages_clear(struct pin_root *root, struct pin_error *error)
{
	char module[PULSAR_MODULE_LEN];
	struct pin_names names;
	struct pin_path path;
	int err;

	pin_path_root(&path, root);
	err = pin_names_read(&names, root, &path, error);
	for (size_t i = 0; !err && i < names.count; i++) {
		if (pin_stage_parse(names.name[i], module))
			err = pin_stage_clear(root, module, error);
	}
	pin_names_release(&names);
	return err;
}

/* Makes, opens and locks the directory. -ESTALE: it was removed meanwhile. */
static int root_take(struct pin_root *root, bool *created, struct stat *st, struct pin_error *error)
{
	int err;

	err = root_make(root->path, error);
	if (err < 0)
		return err;
	*created = err;
	err = root_directory(root, error);
	if (err == -ENOENT)
		err = -ESTALE;
	if (!err)
		err = root_check(root, st, error);
	if (!err)
		err = pin_lock(root, error);
	if (err && root->fd >= 0) {
		close(root->fd);
		root->fd = -1;
	}
	return err;
}

static int root_own(struct pin_root *root, mode_t traverse, gid_t gid,
		    struct pin_prepared *prepared, struct pin_error *error)
{
	struct stat st;
	int err;

	if (geteuid())
		return pin_fail(error, EPERM, "%s: uid %u cannot be the owner, expected 0",
				root->path, geteuid());
	err = pin_bpffs_mount(root->path, error);
	if (err < 0)
		return err;
	prepared->mounted = err;
	err = pin_bpffs_check(root->path, traverse, error);
	if (err < 0)
		return err;
	prepared->traverse = err;
	/* One owner removes the directory once, so twice in a row takes a third. */
	for (int tries = 0; tries < 8; tries++) {
		err = root_take(root, &prepared->created, &st, error);
		if (err != -ESTALE)
			break;
	}
	if (!err)
		err = root_modes(root, &st, gid, error);
	if (!err)
		err = stages_clear(root, error);
	return err;
}

static int root_look(struct pin_root *root, struct pin_error *error)
{
	struct stat st;
	int err;

	err = pin_bpffs_check(root->path, 0, error);
	if (!err)
		err = root_directory(root, error);
	if (!err)
		err = root_check(root, &st, error);
	return err;
}

struct pin_root *pin_root_open(const char *path, enum pin_open how, mode_t traverse, gid_t gid,
			       struct pin_prepared *prepared, struct pin_error *error)
{
	struct pin_prepared done = { 0 };
	struct pin_root *root;
	int err;

	err = pin_bpffs_path(path, error);
	if (err) {
		errno = -err;
		return NULL;
	}
	root = calloc(1, sizeof(*root));
	if (!root) {
		pin_fail(error, ENOMEM, "%s: %s", path, strerror(ENOMEM));
		errno = ENOMEM;
		return NULL;
	}
	root->fd = root->lock = -1;
	root->how = how;
	strcpy(root->path, path);
	if (how == PIN_OWN)
		err = root_own(root, traverse, gid, &done, error);
	else
		err = root_look(root, error);
	if (err) {
		pin_root_free(root);
		errno = -err;
		return NULL;
	}
	if (prepared)
		*prepared = done;
	return root;
}

void pin_root_free(struct pin_root *root)
{
	if (!root)
		return;
	if (root->lock >= 0)
		close(root->lock);
	if (root->fd >= 0)
		close(root->fd);
	free(root);
}

const char *pin_root_path(const struct pin_root *root)
{
	return root->path;
}

/* -ENOTEMPTY if anything but the lock is there. */
static int root_empty(const struct pin_root *root, struct pin_error *error)
{
	struct pin_names names;
	struct pin_path path;
	int err;

	pin_path_root(&path, root);
	err = pin_names_read(&names, root, &path, error);
	for (size_t i = 0; !err && i < names.count; i++) {
		if (strcmp(names.name[i], PIN_LOCK_NAME))
			err = pin_fail(error, ENOTEMPTY, "%s: not empty, '%s' is there", root->path,
				       names.name[i]);
	}
	pin_names_release(&names);
	return err;
}

int pin_root_remove(struct pin_root *root, struct pin_error *error)
{
	int err;

	err = pin_must_own(root, error);
	if (!err)
		err = root_empty(root, error);
	if (!err)
		err = pin_lock_remove(root, error);
	if (err || !rmdir(root->path))
		return err;
	err = pin_fail(error, errno, "%s: cannot remove: %s", root->path, strerror(errno));
	/* The root stays, and is still this owner's. */
	return pin_lock(root, NULL) ?: err;
}
