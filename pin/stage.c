// SPDX-License-Identifier: Apache-2.0
/*
 * All of a module or nothing: its pins are made in a stage, which becomes the
 * module by one rename.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

struct pin_stage {
	struct pin_root *root;
	char module[PULSAR_MODULE_LEN];
	char directory[PIN_STAGE_LEN];
	gid_t gid;
};

/*
 * Owner and mode are set one by one on what only root can pass, and the umask is
 * overruled. The stage itself stays closed until it is the module.
 */
static int directory_make(const struct pin_stage *stage, const struct pin_path *path, mode_t mode,
			  struct pin_error *error)
{
	const char *relative = pin_path_relative(path);
	int fd = stage->root->fd;

	if (mkdirat(fd, relative, 0700) ||
	    fchownat(fd, relative, 0, stage->gid, AT_SYMLINK_NOFOLLOW) ||
	    fchmodat(fd, relative, mode, 0))
		return pin_fail(error, errno, "%s: cannot make the directory: %s", path->text,
				strerror(errno));
	return 0;
}

static int stage_make(const struct pin_stage *stage, struct pin_error *error)
{
	const struct pin_rule *rule = pin_rule_module.inside;
	struct pin_path path, child;
	int err;

	err = pin_path_make(&path, stage->root, stage->directory, error);
	if (err)
		return err;
	err = directory_make(stage, &path, 0700, error);
	for (; !err && rule->mode; rule++) {
		if (rule->kind != PIN_DIRECTORY)
			continue;
		child = path;
		err = pin_path_add(&child, rule->name, strlen(rule->name), error);
		if (!err)
			err = directory_make(stage, &child, rule->mode, error);
	}
	return err;
}

struct pin_stage *pin_stage_new(struct pin_root *root, const char *module, gid_t gid,
				struct pin_error *error)
{
	struct pin_stage *stage = NULL;
	int err;

	err = pin_must_own(root, error);
	if (!err && !pin_name_valid(module))
		err = pin_fail(error, EINVAL, "'%.64s': not the name of a module", module);
	if (!err)
		err = pin_stage_clear(root, module, error);
	if (err)
		goto out;
	stage = calloc(1, sizeof(*stage));
	if (!stage) {
		err = pin_fail(error, ENOMEM, "%s: %s", module, strerror(ENOMEM));
		goto out;
	}
	stage->root = root;
	stage->gid = gid;
	strcpy(stage->module, module);
	pin_stage_name(stage->directory, module);
	err = stage_make(stage, error);
out:
	if (!err)
		return stage;
	pin_stage_free(stage);
	errno = -err;
	return NULL;
}

/* Where `name` is pinned in the stage, and what it has to be. */
static int stage_place(const struct pin_stage *stage, const char *name, struct pin_path *path,
		       const struct pin_rule **rule, struct pin_error *error)
{
	int err;

	err = pin_path_make(path, stage->root, stage->directory, error);
	*rule = &pin_rule_module;
	while (!err && *name)
		err = pin_path_step(path, rule, &name, error);
	return err;
}

static int stage_pin(struct pin_stage *stage, const char *name, int fd, enum pin_kind kind,
		     mode_t mode, struct pin_error *error)
{
	const struct pin_rule *rule;
	struct pin_path path;
	int err;

	err = stage_place(stage, name, &path, &rule, error);
	if (err)
		return err;
	if (rule->kind != kind)
		return pin_fail(error, EINVAL, "%s: the place of %s, not of %s", path.text,
				pin_kind_text(rule->kind), pin_kind_text(kind));
	if (mode != rule->mode && mode != rule->other)
		return pin_fail(error, EINVAL, "%s: asked for with mode %04o, expected %04o",
				path.text, mode, rule->mode);
	return pin_object_pin(stage->root, &path, fd, kind, mode, stage->gid, error);
}

int pin_stage_map(struct pin_stage *stage, const char *name, int fd, bool public,
		  struct pin_error *error)
{
	return stage_pin(stage, name, fd, PIN_MAP, public ? PIN_MODE_PUBLIC : PIN_MODE_PRIVATE,
			 error);
}

int pin_stage_link(struct pin_stage *stage, const char *program, int fd, struct pin_error *error)
{
	char name[PIN_PATH_MAX];
	int err;

	err = pin_path_below(name, "links", program, error);
	if (err)
		return err;
	return stage_pin(stage, name, fd, PIN_LINK, PIN_MODE_PRIVATE, error);
}

/* The one step. `replace`: the module is there, and becomes the stage. */
static int stage_exchange(const struct pin_stage *stage, bool replace, struct pin_error *error)
{
	int fd = stage->root->fd;

	if (fchmodat(fd, stage->directory, pin_rule_module.mode, 0))
		return pin_fail(error, errno, "%s/%s: cannot set mode %04o: %s", stage->root->path,
				stage->directory, pin_rule_module.mode, strerror(errno));
	if (renameat2(fd, stage->directory, fd, stage->module,
		      replace ? RENAME_EXCHANGE : RENAME_NOREPLACE))
		return pin_fail(error, errno, "%s/%s: cannot rename to %s: %s", stage->root->path,
				stage->directory, stage->module, strerror(errno));
	return 0;
}

int pin_stage_commit(struct pin_stage *stage, struct pin_error *error)
{
	int err, replace;

	err = pin_tree_check(stage->root, stage->directory, true, error);
	if (err)
		goto out;
	/* Before the exchange: afterwards the new module could not be taken back. */
	err = replace = pin_module_verify(stage->root, stage->module, error);
	if (err >= 0)
		err = stage_exchange(stage, replace, error);
	if (err)
		goto out;
	if (replace && pin_tree_remove(stage->root, stage->directory, error))
		err = 1;
	free(stage);
	return err;
out:
	pin_stage_free(stage);
	return err;
}

void pin_stage_free(struct pin_stage *stage)
{
	if (!stage)
		return;
	pin_stage_clear(stage->root, stage->module, NULL);
	free(stage);
}
