// SPDX-License-Identifier: Apache-2.0
/*
 * Modules that are pinned: verified, listed, adopted, removed; and what does not
 * belong there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "world.h"

TestSuite(module, .init = world_mounted);
TestSuite(foreign, .init = world_mounted);

struct seen {
	char text[256];
	const char *stop_at;
};

static int see(const char *name, void *arg)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->text);

	snprintf(seen->text + len, sizeof(seen->text) - len, "%s ", name);
	return seen->stop_at && !strcmp(seen->stop_at, name) ? 42 : 0;
}

Test(module, that_is_not_there_is_no_error)
{
	struct pin_root *root = root_own();
	struct pin_error error;

	cr_assert_eq(pin_module_verify(root, "m", &error), 0);
	cr_assert_eq(pin_module_verify(root, "../m", &error), -EINVAL);
	cr_assert_eq(pin_module_remove(root, "m", &error), -ENOENT);
	assert_text(&error, "%s/m: not there", ROOT);
	cr_assert_eq(pin_map_open(root, "m", "events", NULL, &error), -ENOENT);
	assert_text(&error, "%s/m: not there", ROOT);
	pin_root_free(root);
}

Test(module, is_listed_and_its_stage_is_not)
{
	struct pin_root *root = root_own();
	struct pin_stage *stage;
	struct pin_error error;
	struct seen seen = { 0 };

	module_new(root, "net", GROUP);
	module_new(root, "file-created", GROUP_NAMED);
	module_new(root, "core", 0);
	stage = pin_stage_new(root, "new", GROUP, &error);
	cr_assert_eq(pin_modules_each(root, see, &seen, &error), 0, "%s", error.text);
	cr_assert_str_eq(seen.text, "core file-created net ");
	seen = (struct seen){ .stop_at = "file-created" };
	cr_assert_eq(pin_modules_each(root, see, &seen, &error), 42);
	cr_assert_str_eq(seen.text, "core file-created ");
	pin_stage_free(stage);
	pin_root_free(root);
}

static int remove_it(const char *name, void *arg)
{
	return pin_module_remove(arg, name, NULL);
}

Test(module, can_be_removed_while_it_is_listed)
{
	struct pin_root *root = root_own();
	struct pin_error error;

	module_new(root, "a", GROUP);
	module_new(root, "b", GROUP);
	module_new(root, "c", GROUP);
	cr_assert_eq(pin_modules_each(root, remove_it, root, &error), 0);
	cr_assert_eq(pin_root_remove(root, &error), 0, "%s", error.text);
	pin_root_free(root);
}

Test(module, tells_the_names_of_its_pins)
{
	struct pin_root *root = root_own();
	struct seen seen = { 0 };
	struct pin_error error;

	module_new(root, "m", GROUP);
	cr_assert_eq(pin_names_each(root, "m", "links", see, &seen, &error), 0, "%s", error.text);
	cr_assert_eq(pin_names_each(root, "m", "maps", see, &seen, &error), 0, "%s", error.text);
	cr_assert_eq(pin_names_each(root, "m", "subscriptions", see, &seen, &error), 0);
	cr_assert_str_eq(seen.text, "enter leave open own default siem ");
	cr_assert_eq(pin_names_each(root, "m", "events", see, &seen, &error), -EINVAL);
	assert_text(&error, "%s/m/events: not a directory of pins", ROOT);
	cr_assert_eq(pin_names_each(root, "m", "", see, &seen, &error), -EINVAL);
	cr_assert_eq(pin_names_each(root, "m", "other", see, &seen, &error), -EINVAL);
	cr_assert_eq(pin_names_each(root, "n", "maps", see, &seen, &error), -ENOENT);
	pin_root_free(root);
}

Test(module, removed_leaves_nothing)
{
	struct pin_root *root = root_own();
	struct pin_error error;

	module_new(root, "m", GROUP);
	cr_assert_eq(pin_module_remove(root, "m", &error), 0, "%s", error.text);
	cr_assert_eq(pin_root_remove(root, &error), 0, "%s", error.text);
	pin_root_free(root);
}

Test(module, is_removed_by_the_owner_only)
{
	struct pin_root *root = root_own(), *reader = root_look();
	struct pin_error error;

	module_new(root, "m", GROUP);
	cr_assert_eq(pin_module_remove(reader, "m", &error), -EPERM);
	cr_assert(is_there("m/events"));
	pin_root_free(reader);
	pin_root_free(root);
}

Test(module, is_taken_over_by_the_next_owner)
{
	const struct pin_map_expect expect = { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 8 };
	struct pin_root *root = root_own();
	struct pin_error error;
	__u32 key = 0;
	int fd;

	module_new(root, "m", GROUP);
	pin_root_free(root);
	root = root_own();
	cr_assert_eq(pin_module_verify(root, "m", &error), 1, "%s", error.text);
	fd = pin_map_open(root, "m", "events", &expect, &error);
	cr_assert_geq(fd, 0, "%s", error.text);
	/* For both: an owner puts rings there. There is none in the slot. */
	cr_assert_eq(bpf_map_delete_elem(fd, &key), -ENOENT);
	cr_assert_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	fd = pin_link_open(root, "m", "leave", &error);
	cr_assert_geq(fd, 0, "%s", error.text);
	cr_assert_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	pin_root_free(root);
}

Test(module, that_is_only_looked_at_cannot_be_changed)
{
	struct pin_root *root = root_own(), *reader = root_look();
	__u32 key = 0, value = 1;
	struct pin_error error;
	int fd;

	module_new(root, "m", GROUP);
	fd = pin_map_open(reader, "m", "maps/own", NULL, &error);
	cr_assert_geq(fd, 0, "%s", error.text);
	cr_assert_eq(bpf_map_update_elem(fd, &key, &value, 0), -EPERM);
	close(fd);
	pin_root_free(reader);
	pin_root_free(root);
}

Test(module, whose_maps_are_not_as_expected_is_not_taken_over)
{
	static const struct {
		struct pin_map_expect expect;
		const char *text;
	} rows[] = {
		{ { .type = BPF_MAP_TYPE_PERF_EVENT_ARRAY },
		  "map type 1 (HASH), expected 4 (PERF_EVENT_ARRAY)" },
		{ { .type = BPF_MAP_TYPE_SK_STORAGE },
		  "map type 1 (HASH), expected 24 (of another type)" },
		{ { .type = BPF_MAP_TYPE_HASH, .key_size = 8 }, "key size 4, expected 8" },
		{ { .value_size = 8 }, "value size 4, expected 8" },
		{ { .max_entries = 9 }, "maximum of entries 8, expected 9" },
	};
	struct pin_root *root = root_own();
	struct pin_error error;

	module_new(root, "m", GROUP);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cr_expect_eq(pin_map_open(root, "m", "maps/own", &rows[i].expect, &error), -EINVAL);
		assert_text(&error, "%s/m/maps/own: %s", ROOT, rows[i].text);
	}
	pin_root_free(root);
}

Test(module, opens_what_a_name_stands_for_and_nothing_else)
{
	static const char *const bad[] = { "",
					   ".",
					   "..",
					   "../m/events",
					   "maps",
					   "maps/",
					   "maps/../events",
					   "links/leave",
					   "unknown",
					   "/etc/passwd",
					   "events/",
					   "events/x" };
	struct pin_root *root = root_own();
	struct pin_error error;
	char name[300];

	module_new(root, "m", GROUP);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_expect_eq(pin_map_open(root, "m", bad[i], NULL, &error), -EINVAL, "%s", bad[i]);
	cr_expect_eq(pin_map_open(root, "m", "links/leave", NULL, &error), -EINVAL);
	assert_text(&error, "%s/m/links/leave: the place of a link, expected that of a map", ROOT);
	cr_expect_eq(pin_link_open(root, "m", "none", &error), -ENOENT);
	assert_text(&error, "%s/m/links/none: not there", ROOT);
	cr_expect_eq(pin_link_open(root, "m", "../events", &error), -EINVAL);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	cr_expect_eq(pin_link_open(root, "m", name, &error), -ENAMETOOLONG);
	cr_expect_eq(pin_map_open(root, "m", name, NULL, &error), -ENAMETOOLONG);
	cr_expect_eq(pin_map_open(root, name, "events", NULL, &error), -EINVAL);
	pin_root_free(root);
}

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
