// SPDX-License-Identifier: Apache-2.0
/*
 * Modules that are pinned: listed, verified, opened, removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* A module's directory, by its looks; what is inside is pin_module_verify()'s. */
static int module_check(const struct pin_root *root, const char *name, struct pin_error *error)
{
	struct pin_path path;
	struct stat st;
	int err;

	err = pin_path_make(&path, root, name, error);
	if (err)
		return err;
	if (!pin_name_valid(name))
		return pin_fail(error, EPERM,
				"%s: not made by pulsar, expected the name of a module", path.text);
	return pin_check(root, &path, &pin_rule_module, PIN_ANY_GID, false, &st, error);
}

int pin_modules_each(const struct pin_root *root, int (*visit)(const char *module, void *arg),
		     void *arg, struct pin_error *error)
{
	char module[PULSAR_MODULE_LEN];
	struct pin_names names;
	struct pin_path path;
	int err, foreign = 0;

	pin_path_root(&path, root);
	err = pin_names_read(&names, root, &path, error);
	for (size_t i = 0; !err && i < names.count; i++) {
		if (pin_stage_parse(names.name[i], module) || !strcmp(names.name[i], PIN_LOCK_NAME))
			continue;
		/*
		 * The modules that are all right are visited all the same; the first fault is
		 * told.
		 */
		err = module_check(root, names.name[i], foreign ? NULL : error);
		if (err == -EPERM)
			foreign = err;
		if (!err)
			err = visit(names.name[i], arg);
		else if (err == -EPERM || err == -ENOENT)
			err = 0;
	}
	pin_names_release(&names);
	return err ?: foreign;
}

int pin_module_verify(const struct pin_root *root, const char *module, struct pin_error *error)
{
	int err;

	if (!pin_name_valid(module))
		return pin_fail(error, EINVAL, "'%.64s': not the name of a module", module);
	err = pin_tree_check(root, module, false, error);
	if (err)
		return err == -ENOENT ? 0 : err;
	return 1;
}

static int name_visit(const struct pin_root *root, const struct pin_path *directory,
		      const struct pin_rule *rule, gid_t gid, const char *name,
		      struct pin_error *error)
{
	struct pin_path path = *directory;
	struct stat st;
	int err;

	err = pin_path_add(&path, name, strlen(name), error);
	if (err)
		return err;
	rule = pin_rule_inside(rule, name);
	if (!rule)
		return pin_fail(error, EPERM,
				"%s: not made by pulsar, expected nothing of that name", path.text);
	return pin_check(root, &path, rule, gid, false, &st, error);
}

int pin_names_each(const struct pin_root *root, const char *module, const char *dir,
		   int (*visit)(const char *name, void *arg), void *arg, struct pin_error *error)
{
	const struct pin_rule *rule;
	struct pin_names names;
	struct pin_path path;
	gid_t gid;
	int err;

	err = pin_check_name(root, module, dir, &path, &rule, &gid, error);
	if (err)
		return err;
	if (!*dir || rule->kind != PIN_DIRECTORY)
		return pin_fail(error, EINVAL, "%s: not a directory of pins", path.text);
	err = pin_names_read(&names, root, &path, error);
	for (size_t i = 0; !err && i < names.count; i++) {
		err = name_visit(root, &path, rule, gid, names.name[i], error);
		if (!err)
			err = visit(names.name[i], arg);
	}
	pin_names_release(&names);
	return err;
}

int pin_module_remove(struct pin_root *root, const char *module, struct pin_error *error)
{
	char stage[PIN_STAGE_LEN];
	int err;

	err = pin_must_own(root, error);
	if (err)
		return err;
	err = pin_module_verify(root, module, error);
	if (err < 0)
		return err;
	if (!err)
		return pin_fail(error, ENOENT, "%s/%s: not there", root->path, module);
	err = pin_stage_clear(root, module, error);
	if (err)
		return err;
	/*
	 * One step: a crash from here on leaves a stage, which the next owner removes, not half
	 * a module.
	 */
	pin_stage_name(stage, module);
	if (renameat2(root->fd, module, root->fd, stage, RENAME_NOREPLACE))
		return pin_fail(error, errno, "%s/%s: cannot rename to %s: %s", root->path, module,
				stage, strerror(errno));
	return pin_tree_remove(root, stage, error);
}

static int object_open(const struct pin_root *root, const char *module, const char *name,
		       enum pin_kind kind, struct pin_path *path, struct pin_error *error)
{
	const struct pin_rule *rule;
	gid_t gid;
	int err;

	err = pin_check_name(root, module, name, path, &rule, &gid, error);
	if (err)
		return err;
	if (rule->kind != kind)
		return pin_fail(error, EINVAL, "%s: the place of %s, expected that of %s",
				path->text, pin_kind_text(rule->kind), pin_kind_text(kind));
	/* A link can only be opened for both. */
	return pin_object_open(path->text, kind, kind == PIN_MAP && root->how == PIN_READ, error);
}

int pin_map_open(const struct pin_root *root, const char *module, const char *name,
		 const struct pin_map_expect *expect, struct pin_error *error)
{
	struct pin_path path;
	int fd, err;

	fd = object_open(root, module, name, PIN_MAP, &path, error);
	if (fd < 0)
		return fd;
	err = pin_object_expect(fd, expect, path.text, error);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

int pin_link_open(const struct pin_root *root, const char *module, const char *program,
		  struct pin_error *error)
{
	char name[PIN_PATH_MAX];
	struct pin_path path;
	int err;

	err = pin_path_below(name, "links", program, error);
	if (err)
		return err;
	return object_open(root, module, name, PIN_LINK, &path, error);
}
