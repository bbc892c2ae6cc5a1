// SPDX-License-Identifier: Apache-2.0
/*
 * Is what lies there what we put there: kind of file, owner, group, mode. No
 * file is opened here, so this works for whoever can pass the directories.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "internal.h"

#define GROUP_BITS 0070

const char *pin_file_text(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a directory";
	case S_IFREG:
		return "an object";
	case S_IFLNK:
		return "a symbolic link";
	case S_IFIFO:
		return "a fifo";
	case S_IFSOCK:
		return "a socket";
	case S_IFCHR:
	case S_IFBLK:
		return "a device";
	}
	return "a file of unknown kind";
}

int pin_stat(struct stat *st, const struct pin_root *root, const struct pin_path *path,
	     struct pin_error *error)
{
	if (!fstatat(root->fd, pin_path_relative(path), st, AT_SYMLINK_NOFOLLOW)) {
		if (st->st_dev == root->dev)
			return 0;
		return pin_fail(error, EPERM,
				"%s: another filesystem is mounted there, expected that of %s",
				path->text, root->path);
	}
	if (errno == ENOENT)
		return pin_fail(error, ENOENT, "%s: not there", path->text);
	if (errno == EACCES)
		return pin_denied(error, path->text);
	return pin_fail(error, errno, "%s: %s", path->text, strerror(errno));
}

/*
 * Objects and directories of a stage begin without a bit for the group and get
 * their mode last (stage.c, object.c).
 */
static bool mode_right(mode_t mode, const struct pin_rule *rule, bool staged)
{
	if (mode == rule->mode || (rule->other && mode == rule->other))
		return true;
	return staged && !(mode & ~(mode_t)0700);
}

static int mode_wrong(const struct pin_path *path, mode_t mode, const struct pin_rule *rule,
		      struct pin_error *error)
{
	if (rule->other)
		return pin_fail(error, EPERM, "%s: mode %04o, expected %04o or %04o", path->text,
				mode, rule->mode, rule->other);
	return pin_fail(error, EPERM, "%s: mode %04o, expected %04o", path->text, mode, rule->mode);
}

int pin_check(const struct pin_root *root, const struct pin_path *path, const struct pin_rule *rule,
	      gid_t gid, bool staged, struct stat *st, struct pin_error *error)
{
	mode_t mode;
	int err;

	err = pin_stat(st, root, path, error);
	if (err)
		return err;
	mode = st->st_mode & 07777;
	/* On bpffs, pinned objects are the regular files: nothing else can be made there. */
	if ((st->st_mode & S_IFMT) != (rule->kind == PIN_DIRECTORY ? S_IFDIR : S_IFREG))
		return pin_fail(error, EPERM, "%s: %s, expected %s", path->text,
				pin_file_text(st->st_mode), pin_kind_text(rule->kind));
	if (st->st_uid)
		return pin_fail(error, EPERM, "%s: owned by uid %u, expected 0", path->text,
				st->st_uid);
	if (!mode_right(mode, rule, staged))
		return mode_wrong(path, mode, rule, error);
	if ((mode & GROUP_BITS) && gid != PIN_ANY_GID && st->st_gid != gid)
		return pin_fail(error, EPERM, "%s: group %u, expected %u as its module", path->text,
				st->st_gid, gid);
	return 0;
}

int pin_check_name(const struct pin_root *root, const char *module, const char *name,
		   struct pin_path *path, const struct pin_rule **rule, gid_t *gid,
		   struct pin_error *error)
{
	struct stat st;
	int err;

	if (!pin_name_valid(module))
		return pin_fail(error, EINVAL, "'%.64s': not the name of a module", module);
	err = pin_path_make(path, root, module, error);
	if (err)
		return err;
	*rule = &pin_rule_module;
	err = pin_check(root, path, *rule, PIN_ANY_GID, false, &st, error);
	if (err)
		return err;
	*gid = st.st_gid;
	while (*name) {
		err = pin_path_step(path, rule, &name, error);
		if (err)
			return err;
		err = pin_check(root, path, *rule, *gid, false, &st, error);
		if (err)
			return err;
	}
	return 0;
}
