// SPDX-License-Identifier: Apache-2.0
/*
 * Modules that are pinned: verified, listed, adopted, removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "world.h"

TestSuite(module, .init = world_mounted);

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
