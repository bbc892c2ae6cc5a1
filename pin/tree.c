// SPDX-License-Identifier: Apache-2.0
/*
 * A module's directory, or a stage, as a whole: check all of it, remove all of
 * it. How deep it goes is what the rules say, never what is found.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

struct walk {
	const struct pin_root *root;
	bool staged;
	gid_t gid; /* of the module */
	struct pin_error *error;
};

static int check_entry(const struct walk *walk, const struct pin_path *path,
		       const struct pin_rule *rule);

/* What is missing is no fault: a crash while a stage was made or removed can leave that. */
static int check_inside(const struct walk *walk, const struct pin_path *path,
			const struct pin_rule *directory)
{
	const struct pin_rule *rule;
	struct pin_names names;
	struct pin_path child;
	int err;

	err = pin_names_read(&names, walk->root, path, walk->error);
	for (size_t i = 0; !err && i < names.count; i++) {
		child = *path;
		err = pin_path_add(&child, names.name[i], strlen(names.name[i]), walk->error);
		if (err)
			break;
		rule = pin_rule_inside(directory, names.name[i]);
		if (rule)
			err = check_entry(walk, &child, rule);
		else
			err = pin_fail(walk->error, EPERM,
				       "%s: not made by pulsar, expected nothing of that name",
				       child.text);
	}
	pin_names_release(&names);
	return err;
}

static int check_entry(const struct walk *walk, const struct pin_path *path,
		       const struct pin_rule *rule)
{
	struct stat st;
	int err, fd;

	err = pin_check(walk->root, path, rule, walk->gid, walk->staged, &st, walk->error);
	if (err)
		return err;
	if (rule->kind == PIN_DIRECTORY)
		return check_inside(walk, path, rule);
	fd = pin_object_open(path->text, rule->kind, rule->kind == PIN_MAP, walk->error);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int pin_tree_check(const struct pin_root *root, const char *directory, bool staged,
		   struct pin_error *error)
{
	struct walk walk = { .root = root, .staged = staged, .error = error };
	struct pin_path path;
	struct stat st;
	int err;

	err = pin_path_make(&path, root, directory, error);
	if (err)
		return err;
	err = pin_check(root, &path, &pin_rule_module, PIN_ANY_GID, staged, &st, error);
	if (err)
		return err;
	walk.gid = st.st_gid;
	return check_inside(&walk, &path, &pin_rule_module);
}

static int remove_directory(const struct pin_root *root, const struct pin_path *path,
			    const struct pin_rule *directory, struct pin_error *error);

static int remove_entry(const struct pin_root *root, const struct pin_path *path,
			const struct pin_rule *rule, struct pin_error *error)
{
	if (rule && rule->kind == PIN_DIRECTORY)
		return remove_directory(root, path, rule, error);
	if (!unlinkat(root->fd, pin_path_relative(path), 0))
		return 0;
	return pin_fail(error, errno, "%s: cannot unpin: %s", path->text, strerror(errno));
}

static int remove_directory(const struct pin_root *root, const struct pin_path *path,
			    const struct pin_rule *directory, struct pin_error *error)
{
	struct pin_names names;
	struct pin_path child;
	int err;

	err = pin_names_read(&names, root, path, error);
	for (size_t i = 0; !err && i < names.count; i++) {
		child = *path;
		err = pin_path_add(&child, names.name[i], strlen(names.name[i]), error);
		if (!err)
			err = remove_entry(root, &child, pin_rule_inside(directory, names.name[i]),
					   error);
	}
	pin_names_release(&names);
	if (!err && unlinkat(root->fd, pin_path_relative(path), AT_REMOVEDIR))
		err = pin_fail(error, errno, "%s: cannot remove: %s", path->text, strerror(errno));
	return err;
}

int pin_tree_remove(const struct pin_root *root, const char *directory, struct pin_error *error)
{
	struct pin_path path;
	int err;

	err = pin_path_make(&path, root, directory, error);
	if (err)
		return err;
	return remove_directory(root, &path, &pin_rule_module, error);
}

int pin_stage_clear(const struct pin_root *root, const char *module, struct pin_error *error)
{
	char stage[PIN_STAGE_LEN];
	int err;

	pin_stage_name(stage, module);
	err = pin_tree_check(root, stage, true, error);
	if (err)
		return err == -ENOENT ? 0 : err;
	return pin_tree_remove(root, stage, error);
}
