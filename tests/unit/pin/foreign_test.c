// SPDX-License-Identifier: Apache-2.0
/*
 * What does not belong among a module's pins is named, and left as it is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "world.h"

TestSuite(foreign, .init = world_mounted);

/* What may be done to a module by hand, and what is said of it. Names are below the module. */
static void pin_program(const char *path)
{
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(bpf_obj_pin(program_new(), path), 0);
}

static void pin_link(const char *path)
{
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(bpf_obj_pin(link_new(), path), 0);
}

static void pin_map(const char *path)
{
	unlink(path);
	cr_assert_eq(bpf_obj_pin(map_new(BPF_MAP_TYPE_HASH), path), 0);
}

static void public_link(const char *path)
{
	pin_link(path);
	cr_assert_eq(chown(path, 0, GROUP), 0);
	cr_assert_eq(chmod(path, 0440), 0);
}

static void make_symlink(const char *path)
{
	unlink(path);
	cr_assert_eq(symlink(ROOT "/m/schema", path), 0);
}

static void make_directory(const char *path)
{
	unlink(path);
	cr_assert_eq(mkdir(path, 0750), 0);
}

static void give_away(const char *path)
{
	cr_assert_eq(chown(path, STRANGER, (gid_t)-1), 0);
}

static void regroup(const char *path)
{
	cr_assert_eq(chown(path, 0, GROUP_NAMED), 0);
}

static void widen(const char *path)
{
	cr_assert_eq(chmod(path, 0777), 0);
}

/* bpffs holds no fifos, but one can be mounted over a pin. */
static void mount_fifo(const char *path)
{
	char directory[] = "/tmp/pulsar-pin-XXXXXX", fifo[64];

	cr_assert_not_null(mkdtemp(directory));
	snprintf(fifo, sizeof(fifo), "%s/fifo", directory);
	cr_assert_eq(mkfifo(fifo, 0600), 0);
	cr_assert_eq(mount(fifo, path, NULL, MS_BIND, NULL), 0);
	unlink(fifo);
	rmdir(directory);
}

static const struct foreign_row {
	const char *name;
	void (*do_it)(const char *path);
	const char *text;
} foreign_rows[] = {
	{ "events", make_symlink, "a symbolic link, expected a map" },
	{ "events", make_directory, "a directory, expected a map" },
	{ "events", public_link, "a link, expected a map" },
	{ "events", pin_map, "mode 0600, expected 0440" },
	{ "events", widen, "mode 0777, expected 0440" },
	{ "events", give_away, "owned by uid 1234, expected 0" },
	{ "events", regroup, "group 1, expected 54321 as its module" },
	{ "events", mount_fifo, "another filesystem is mounted there, expected that of " ROOT },
	{ "maps/own", pin_program, "a program, expected a map" },
	{ "maps/own", pin_link, "a link, expected a map" },
	{ "maps/own", widen, "mode 0777, expected 0600 or 0440" },
	{ "maps/open", regroup, "group 1, expected 54321 as its module" },
	{ "maps", regroup, "group 1, expected 54321 as its module" },
	{ "maps", widen, "mode 0777, expected 0750" },
	{ "links", give_away, "owned by uid 1234, expected 0" },
	{ "links", widen, "mode 0777, expected 0700" },
	{ "links/leave", pin_map, "a map, expected a link" },
	{ "links/leave", pin_program, "a program, expected a link" },
	{ "links/leave", make_symlink, "a symbolic link, expected a link" },
	{ "links/below", make_directory, "a directory, expected a link" },
	{ "subscriptions/siem", give_away, "owned by uid 1234, expected 0" },
	{ "subscriptions/siem", widen, "mode 0777, expected 0600" },
	{ "subscriptions/SIEM", pin_map, "not made by pulsar, expected nothing of that name" },
	{ "links/a~b", pin_map, "not made by pulsar, expected nothing of that name" },
	{ "mine", pin_map, "not made by pulsar, expected nothing of that name" },
	{ "mine", make_symlink, "not made by pulsar, expected nothing of that name" },
	{ "mine", make_directory, "not made by pulsar, expected nothing of that name" },
	{ ".", widen, "mode 0777, expected 0750" },
	{ ".", give_away, "owned by uid 1234, expected 0" },
};

#define FOREIGN_ROWS (sizeof(foreign_rows) / sizeof(*foreign_rows))

static void foreign_path(char path[PIN_PATH_MAX], const char *module, const char *name)
{
	snprintf(path, PIN_PATH_MAX, ROOT "/%s%s%s", module, *name == '.' ? "" : "/",
		 *name == '.' ? "" : name);
}

Test(foreign, objects_are_found_and_named)
{
	struct pin_root *root = root_own();
	char path[PIN_PATH_MAX];
	struct pin_error error;

	for (size_t i = 0; i < FOREIGN_ROWS; i++) {
		char module[16];

		snprintf(module, sizeof(module), "m%zu", i);
		module_new(root, module, GROUP);
		foreign_path(path, module, foreign_rows[i].name);
		foreign_rows[i].do_it(path);
		error.text[0] = '\0';
		cr_expect_eq(pin_module_verify(root, module, &error), -EPERM, "%s", path);
		assert_text(&error, "%s: %s", path, foreign_rows[i].text);
	}
	pin_root_free(root);
}

static void count_below(const char *path, int *count)
{
	char command[PIN_PATH_MAX + 32], text[32] = "";
	FILE *found;

	snprintf(command, sizeof(command), "find %s | wc -l", path);
	found = popen(command, "re");
	cr_assert_not_null(found);
	cr_assert_not_null(fgets(text, sizeof(text), found));
	pclose(found);
	*count = atoi(text);
}

Test(foreign, objects_keep_a_module_from_being_removed)
{
	struct pin_root *root = root_own();
	char path[PIN_PATH_MAX], module[16];
	struct pin_error error;
	int before, after;

	for (size_t i = 0; i < FOREIGN_ROWS; i++) {
		snprintf(module, sizeof(module), "m%zu", i);
		module_new(root, module, GROUP);
		foreign_path(path, module, foreign_rows[i].name);
		foreign_rows[i].do_it(path);
		count_below(ROOT, &before);
		cr_expect_eq(pin_module_remove(root, module, &error), -EPERM, "%s", path);
		assert_text(&error, "%s: %s", path, foreign_rows[i].text);
		count_below(ROOT, &after);
		cr_expect_eq(before, after, "%s", path);
	}
	pin_root_free(root);
}

Test(foreign, objects_are_not_opened)
{
	struct pin_root *root = root_own();
	char path[PIN_PATH_MAX], module[16];
	struct pin_error error;

	for (size_t i = 0; i < FOREIGN_ROWS; i++) {
		const char *name = foreign_rows[i].name;

		if (strncmp(name, "events", 6) && strncmp(name, "maps/", 5))
			continue;
		snprintf(module, sizeof(module), "m%zu", i);
		module_new(root, module, GROUP);
		foreign_path(path, module, name);
		foreign_rows[i].do_it(path);
		cr_expect_eq(pin_map_open(root, module, name, NULL, &error), -EPERM, "%s", path);
		assert_text(&error, "%s: %s", path, foreign_rows[i].text);
	}
	module_new(root, "m", GROUP);
	pin_map(ROOT "/m/links/leave");
	cr_expect_eq(pin_link_open(root, "m", "leave", &error), -EPERM);
	assert_text(&error, "%s/m/links/leave: a map, expected a link", ROOT);
	pin_root_free(root);
}

Test(foreign, objects_are_not_told_as_names)
{
	struct pin_root *root = root_own();
	struct seen seen = { 0 };
	struct pin_error error;

	module_new(root, "m", GROUP);
	make_symlink(ROOT "/m/links/later");
	cr_assert_eq(pin_names_each(root, "m", "links", see, &seen, &error), -EPERM);
	assert_text(&error, "%s/m/links/later: a symbolic link, expected a link", ROOT);
	pin_map(ROOT "/m/maps/a~b");
	cr_assert_eq(pin_names_each(root, "m", "maps", see, &seen, &error), -EPERM);
	assert_text(&error, "%s/m/maps/a~b: not made by pulsar, expected nothing of that name",
		    ROOT);
	pin_root_free(root);
}

Test(foreign, entries_of_the_root_are_named_and_hide_no_module)
{
	struct pin_root *root = root_own();
	struct seen seen = { 0 };
	struct pin_error error;

	module_new(root, "m", GROUP);
	module_new(root, "z", GROUP);
	pin_map(ROOT "/map");
	make_symlink(ROOT "/link");
	make_directory(ROOT "/Upper");
	cr_assert_eq(pin_modules_each(root, see, &seen, &error), -EPERM);
	cr_assert_str_eq(seen.text, "m z ");
	assert_text(&error, "%s/Upper: not made by pulsar, expected the name of a module", ROOT);
	cr_assert_eq(rmdir(ROOT "/Upper"), 0);
	cr_assert_eq(pin_modules_each(root, see, &seen, &error), -EPERM);
	assert_text(&error, "%s/link: a symbolic link, expected a directory", ROOT);
	cr_assert_eq(unlink(ROOT "/link"), 0);
	cr_assert_eq(pin_modules_each(root, see, &seen, &error), -EPERM);
	assert_text(&error, "%s/map: an object, expected a directory", ROOT);
	pin_root_free(root);
}
