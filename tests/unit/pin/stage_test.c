// SPDX-License-Identifier: Apache-2.0
/*
 * All of a module or nothing, whatever happens in between.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "world.h"

TestSuite(stage, .init = world_mounted);

Test(stage, committed_is_the_module_with_the_modes_of_the_layout)
{
	static const struct {
		const char *name;
		mode_t mode;
	} rows[] = {
		{ "m", S_IFDIR | 0750 },
		{ "m/events", S_IFREG | 0440 },
		{ "m/schema", S_IFREG | 0440 },
		{ "m/counters", S_IFREG | 0440 },
		{ "m/meta", S_IFREG | 0440 },
		{ "m/links", S_IFDIR | 0700 },
		{ "m/links/leave", S_IFREG | 0600 },
		{ "m/maps", S_IFDIR | 0750 },
		{ "m/maps/own", S_IFREG | 0600 },
		{ "m/maps/open", S_IFREG | 0440 },
		{ "m/subscriptions", S_IFDIR | 0700 },
		{ "m/subscriptions/siem", S_IFREG | 0600 },
	};
	struct pin_root *root = root_own();
	struct pin_error error;
	struct stat st;

	umask(0777);
	module_new(root, "m", GROUP);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		st = look_at(rows[i].name);
		cr_expect_eq(st.st_mode, rows[i].mode, "%s: %o", rows[i].name, st.st_mode);
		cr_expect_eq(st.st_uid, 0, "%s", rows[i].name);
		if (rows[i].mode & 0070)
			cr_expect_eq(st.st_gid, GROUP, "%s: %u", rows[i].name, st.st_gid);
	}
	cr_assert_not(is_there("m~new"));
	cr_assert_eq(pin_module_verify(root, "m", &error), 1, "%s", error.text);
	pin_root_free(root);
}

Test(stage, not_committed_leaves_nothing)
{
	struct pin_root *root = root_own();
	struct pin_stage *stage = stage_full(root, "m", GROUP);
	struct pin_error error;

	cr_assert(is_there("m~new/links/leave"));
	cr_assert_eq(look_at("m~new").st_mode, S_IFDIR | 0700);
	cr_assert_eq(pin_module_verify(root, "m", &error), 0);
	pin_stage_free(stage);
	cr_assert_eq(pin_root_remove(root, &error), 0, "%s", error.text);
	pin_root_free(root);
}

static unsigned int events_id(struct pin_root *root)
{
	struct pin_error error;
	unsigned int id;
	int fd;

	fd = pin_map_open(root, "m", "events", NULL, &error);
	cr_assert_geq(fd, 0, "%s", error.text);
	id = map_id(fd);
	close(fd);
	return id;
}

Test(stage, takes_the_place_of_the_module_that_was)
{
	struct pin_root *root = root_own();
	struct pin_error error;
	unsigned int before;

	module_new(root, "m", GROUP);
	before = events_id(root);
	module_new(root, "m", GROUP_NAMED);
	cr_assert_neq(events_id(root), before);
	cr_assert_eq(look_at("m/events").st_gid, GROUP_NAMED);
	cr_assert_not(is_there("m~new"));
	cr_assert_eq(pin_module_verify(root, "m", &error), 1, "%s", error.text);
	pin_root_free(root);
}

Test(stage, can_pin_the_maps_of_the_module_that_was)
{
	struct pin_root *root = root_own();
	struct pin_stage *stage;
	struct pin_error error;
	unsigned int before;
	int fd;

	module_new(root, "m", GROUP);
	before = events_id(root);
	fd = pin_map_open(root, "m", "events", NULL, &error);
	stage = pin_stage_new(root, "m", GROUP, &error);
	cr_assert_not_null(stage, "%s", error.text);
	cr_assert_eq(pin_stage_map(stage, "events", fd, true, &error), 0, "%s", error.text);
	cr_assert_eq(pin_stage_commit(stage, &error), 0, "%s", error.text);
	close(fd);
	cr_assert_eq(events_id(root), before);
	cr_assert_not(is_there("m/links/leave"));
	pin_root_free(root);
}

Test(stage, takes_each_object_in_its_place_only)
{
	struct pin_root *root = root_own();
	int map = map_new(BPF_MAP_TYPE_ARRAY), link = link_new(), program = program_new();
	struct pin_stage *stage;
	struct pin_error error;

	stage = pin_stage_new(root, "m", GROUP, &error);
	cr_assert_eq(pin_stage_map(stage, "events", link, true, &error), -EINVAL);
	assert_text(&error, "%s/m~new/events: a link, expected a map", ROOT);
	cr_assert_eq(pin_stage_map(stage, "maps/x", program, false, &error), -EINVAL);
	assert_text(&error, "%s/m~new/maps/x: a program, expected a map", ROOT);
	cr_assert_eq(pin_stage_link(stage, "x", map, &error), -EINVAL);
	assert_text(&error, "%s/m~new/links/x: a map, expected a link", ROOT);
	cr_assert_eq(pin_stage_link(stage, "x", STDERR_FILENO, &error), -EINVAL);
	assert_text(&error, "%s/m~new/links/x: a file, expected a link", ROOT);
	cr_assert_eq(pin_stage_map(stage, "links/x", map, false, &error), -EINVAL);
	assert_text(&error, "%s/m~new/links/x: the place of a link, not of a map", ROOT);
	cr_assert_eq(pin_stage_map(stage, "maps", map, false, &error), -EINVAL);
	assert_text(&error, "%s/m~new/maps: the place of a directory, not of a map", ROOT);
	cr_assert_eq(pin_stage_map(stage, "events", map, false, &error), -EINVAL);
	assert_text(&error, "%s/m~new/events: asked for with mode 0600, expected 0440", ROOT);
	cr_assert_eq(pin_stage_map(stage, "subscriptions/x", map, true, &error), -EINVAL);
	assert_text(&error, "%s/m~new/subscriptions/x: asked for with mode 0440, expected 0600",
		    ROOT);
	cr_assert_eq(pin_stage_map(stage, "maps/a.b", map, true, &error), -EINVAL);
	assert_text(&error, "%s/m~new/maps/a.b: no pin can have that name", ROOT);
	cr_assert_eq(pin_stage_link(stage, "x/y", link, &error), -EINVAL);
	cr_assert_eq(pin_stage_link(stage, "../events", link, &error), -EINVAL);
	cr_assert_eq(pin_stage_map(stage, "events", -1, true, &error), -ENOENT);
	pin_stage_free(stage);
	cr_assert_eq(pin_root_remove(root, &error), 0, "%s", error.text);
	pin_root_free(root);
}

Test(stage, takes_a_name_once)
{
	struct pin_root *root = root_own();
	int map = map_new(BPF_MAP_TYPE_ARRAY);
	struct pin_stage *stage;
	struct pin_error error;

	stage = pin_stage_new(root, "m", GROUP, &error);
	cr_assert_eq(pin_stage_map(stage, "meta", map, true, &error), 0, "%s", error.text);
	cr_assert_eq(pin_stage_map(stage, "meta", map, true, &error), -EEXIST);
	assert_text(&error, "%s/m~new/meta: cannot pin: File exists", ROOT);
	cr_assert(is_there("m~new/meta"));
	pin_stage_free(stage);
	pin_root_free(root);
}

Test(stage, with_names_too_long_says_so)
{
	struct pin_root *root = root_own();
	int link = link_new();
	struct pin_stage *stage;
	struct pin_error error;
	char name[300];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	stage = pin_stage_new(root, "m", GROUP, &error);
	cr_assert_eq(pin_stage_link(stage, name, link, &error), -ENAMETOOLONG);
	cr_assert_not_null(strstr(error.text, "name of 299 bytes, too long for a pin"), "%s",
			   error.text);
	name[240] = '\0';
	cr_assert_eq(pin_stage_link(stage, name, link, &error), -ENAMETOOLONG);
	cr_assert_not_null(strstr(error.text, "bytes, expected at most 255"), "%s", error.text);
	pin_stage_free(stage);
	pin_root_free(root);
}

Test(stage, is_for_the_owner_and_for_modules)
{
	struct pin_root *root = root_own(), *reader = root_look();
	struct pin_error error;

	cr_assert_null(pin_stage_new(reader, "m", GROUP, &error));
	cr_assert_eq(errno, EPERM);
	cr_assert_null(pin_stage_new(root, "a~new", GROUP, &error));
	cr_assert_eq(errno, EINVAL);
	assert_text(&error, "'a~new': not the name of a module");
	pin_root_free(reader);
	pin_root_free(root);
}

/* A process that dies with a stage on its hands. */
static void die_with_stage(const char *module)
{
	pid_t pid = fork();

	if (!pid) {
		stage_full(root_own(), module, GROUP);
		_exit(7);
	}
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(WEXITSTATUS(status), 7);
	cr_assert(is_there("m~new/events"));
}

Test(stage, left_before_the_exchange_is_removed_by_the_next_owner)
{
	struct pin_root *root = root_own();
	struct pin_error error;
	unsigned int before;

	module_new(root, "m", GROUP);
	before = events_id(root);
	pin_root_free(root);
	die_with_stage("m");
	root = root_own();
	cr_assert_not(is_there("m~new"));
	cr_assert_eq(events_id(root), before);
	cr_assert_eq(pin_module_verify(root, "m", &error), 1, "%s", error.text);
	pin_root_free(root);
}

Test(stage, left_after_the_exchange_is_removed_by_the_next_owner)
{
	struct pin_root *root = root_own();
	struct pin_error error;
	unsigned int before;

	module_new(root, "m", GROUP);
	before = events_id(root);
	pin_root_free(root);
	die_with_stage("m");
	cr_assert_eq(chmod(ROOT "/m~new", 0750), 0);
	cr_assert_eq(renameat2(AT_FDCWD, ROOT "/m~new", AT_FDCWD, ROOT "/m", RENAME_EXCHANGE), 0);
	root = root_own();
	cr_assert_not(is_there("m~new"));
	cr_assert_neq(events_id(root), before);
	cr_assert_eq(pin_module_verify(root, "m", &error), 1, "%s", error.text);
	pin_root_free(root);
}

Test(stage, left_over_is_removed_by_the_next_stage_too)
{
	struct pin_root *root = root_own();
	struct pin_stage *stage = stage_full(root, "m", GROUP), *next;
	struct pin_error error;

	next = pin_stage_new(root, "m", GROUP, &error);
	cr_assert_not_null(next, "%s", error.text);
	cr_assert_not(is_there("m~new/events"));
	pin_stage_free(next);
	pin_stage_free(stage);
	cr_assert_eq(pin_root_remove(root, &error), 0, "%s", error.text);
	pin_root_free(root);
}

Test(stage, with_something_foreign_in_it_is_left_and_named)
{
	struct pin_error error = { "" };
	struct pin_root *root = root_own();

	pin_root_free(root);
	die_with_stage("m");
	cr_assert_eq(symlink("/etc/passwd", ROOT "/m~new/maps/evil"), 0);
	cr_assert_null(pin_root_open(ROOT, PIN_OWN, 0, GROUP, NULL, &error));
	cr_assert_eq(errno, EPERM);
	assert_text(&error, "%s/m~new/maps/evil: a symbolic link, expected a map", ROOT);
	cr_assert(is_there("m~new/events"));
	cr_assert(is_there("m~new/maps/evil"));
	/* And the lock is not held by a root that was not opened. */
	cr_assert_eq(unlink(ROOT "/m~new/maps/evil"), 0);
	pin_root_free(root_own());
	cr_assert_not(is_there("m~new"));
}

Test(stage, that_is_a_symbolic_link_is_left_and_named)
{
	struct pin_root *root = root_own();
	struct pin_error error;

	cr_assert_eq(mkdir(MOUNT_POINT "/elsewhere", 0750), 0);
	cr_assert_eq(symlink(MOUNT_POINT "/elsewhere", ROOT "/m~new"), 0);
	cr_assert_null(pin_stage_new(root, "m", GROUP, &error));
	cr_assert_eq(errno, EPERM);
	assert_text(&error, "%s/m~new: a symbolic link, expected a directory", ROOT);
	cr_assert(is_there("m~new"));
	cr_assert(is_there("../elsewhere"));
	pin_root_free(root);
}

Test(stage, does_not_replace_a_module_with_foreign_objects)
{
	struct pin_root *root = root_own();
	struct pin_stage *stage;
	struct pin_error error;
	unsigned int before;

	module_new(root, "m", GROUP);
	before = events_id(root);
	cr_assert_eq(bpf_obj_pin(map_new(BPF_MAP_TYPE_HASH), ROOT "/m/mine"), 0);
	stage = stage_full(root, "m", GROUP);
	cr_assert_eq(pin_stage_commit(stage, &error), -EPERM);
	assert_text(&error, "%s/m/mine: not made by pulsar, expected nothing of that name", ROOT);
	cr_assert_eq(events_id(root), before);
	cr_assert(is_there("m/mine"));
	cr_assert_not(is_there("m~new"));
	pin_root_free(root);
}

Test(stage, does_not_become_the_module_with_what_others_put_in)
{
	struct pin_root *root = root_own();
	struct pin_stage *stage = stage_full(root, "m", GROUP);
	struct pin_error error;

	cr_assert_eq(bpf_obj_pin(program_new(), ROOT "/m~new/maps/program"), 0);
	cr_assert_eq(pin_stage_commit(stage, &error), -EPERM);
	assert_text(&error, "%s/m~new/maps/program: a program, expected a map", ROOT);
	cr_assert_not(is_there("m"));
	cr_assert(is_there("m~new/maps/program"));
	pin_root_free(root);
}
