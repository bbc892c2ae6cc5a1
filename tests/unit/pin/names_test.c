// SPDX-License-Identifier: Apache-2.0
/*
 * Names and paths: no root needed.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "internal.h"
#include "world.h"

Test(names, modules_are_lower_case_with_dashes)
{
	static const char *const good[] = { "a",     "0",  "file-created",
					    "dns_2", "a-", "a234567890123456789012345678901" };

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		cr_expect(pin_name_valid(good[i]), "%s", good[i]);
}

Test(names, what_could_lead_elsewhere_is_no_module)
{
	static const char *const bad[] = { "",	  ".",	      "..",
					   "a.b", "a/b",      "/",
					   "-a",  "_a",	      "A",
					   "aB",  "a~new",    "a b",
					   "a\n", "\xc3\xa9", "a2345678901234567890123456789012" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_expect_not(pin_name_valid(bad[i]), "%s", bad[i]);
}

Test(names, a_stage_tells_its_module)
{
	char stage[PIN_STAGE_LEN], module[PULSAR_MODULE_LEN];
	static const char longest[] = "a234567890123456789012345678901";

	pin_stage_name(stage, longest);
	cr_assert_str_eq(stage, "a234567890123456789012345678901~new");
	cr_assert(pin_stage_parse(stage, module));
	cr_assert_str_eq(module, longest);
}

Test(names, what_only_looks_like_a_stage_is_none)
{
	static const char *const bad[] = { "a",		"~new",
					   "a~",	"a~ne",
					   "a~new~new", "a~newer",
					   "A~new",	"a2345678901234567890123456789012~new" };
	char module[PULSAR_MODULE_LEN];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_expect_not(pin_stage_parse(bad[i], module), "%s", bad[i]);
}

Test(names, a_pin_is_found_by_the_parts_of_its_name)
{
	static const struct {
		const char *name;
		int err;
		enum pin_kind kind;
	} rows[] = {
		{ "events", 0, PIN_MAP },
		{ "maps", 0, PIN_DIRECTORY },
		{ "maps/core_processes", 0, PIN_MAP },
		{ "maps/Own-2", 0, PIN_MAP },
		{ "links/created__tp__openat", 0, PIN_LINK },
		{ "subscriptions/siem", 0, PIN_MAP },
		{ "subscriptions/SIEM", -EINVAL, 0 },
		{ "maps//x", -EINVAL, 0 },
		{ "maps/x/y", -EINVAL, 0 },
		{ "maps/.rodata", -EINVAL, 0 },
		{ "maps/../events", -EINVAL, 0 },
		{ "../events", -EINVAL, 0 },
		{ "/events", -EINVAL, 0 },
		{ "event", -EINVAL, 0 },
		{ "events/x", -EINVAL, 0 },
	};
	const struct pin_root root = { .path = "/r" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct pin_rule *rule = &pin_rule_module;
		const char *name = rows[i].name;
		struct pin_error error;
		struct pin_path path;
		int err;

		err = pin_path_make(&path, &root, "m", &error);
		while (!err && *name)
			err = pin_path_step(&path, &rule, &name, &error);
		cr_expect_eq(err, rows[i].err, "%s: %d", rows[i].name, err);
		if (!err) {
			cr_expect_eq(rule->kind, rows[i].kind, "%s", rows[i].name);
			cr_expect_str_eq(pin_path_relative(&path) + 2, rows[i].name);
		}
	}
}

Test(names, a_path_that_just_fits_fits_and_one_byte_more_does_not)
{
	const struct pin_root root = { .path = "/r" };
	char name[PIN_PATH_MAX];
	struct pin_error error;
	struct pin_path path;

	memset(name, 'x', sizeof(name));
	pin_path_root(&path, &root);
	cr_assert_str_eq(pin_path_relative(&path), ".");
	cr_assert_eq(pin_path_add(&path, name, PIN_PATH_MAX - 4, &error), 0);
	cr_assert_eq(strlen(path.text), PIN_PATH_MAX - 1);
	pin_path_root(&path, &root);
	cr_assert_eq(pin_path_add(&path, name, PIN_PATH_MAX - 3, &error), -ENAMETOOLONG);
	cr_assert_str_eq(path.text, "/r");
	cr_assert_not_null(strstr(error.text, "path of 256 bytes, expected at most 255"), "%s",
			   error.text);
}

Test(names, a_root_is_an_absolute_path_without_detours)
{
	static const char *const bad[] = { "",
					   "/",
					   "pulsar",
					   "./x",
					   "/sys/fs/bpf/",
					   "/sys/fs/bpf//x",
					   "/sys/fs/bpf/../x",
					   "/sys/./x",
					   "/sys/fs/bpf/x/.." };
	struct pin_error error;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cr_expect_null(pin_root_open(bad[i], PIN_OWN, 0, 0, NULL, &error));
		cr_expect_eq(errno, EINVAL, "%s: %s", bad[i], error.text);
	}
	assert_text(
		&error,
		"'/sys/fs/bpf/x/..': expected an absolute path without empty parts, '.' and '..'");
}

Test(names, a_root_has_no_dot_in_its_name)
{
	struct pin_error error;

	cr_assert_null(pin_root_open("/sys/fs/bpf/a.b", PIN_OWN, 0, 0, NULL, &error));
	cr_assert_eq(errno, EINVAL);
	assert_text(&error, "'/sys/fs/bpf/a.b': bpffs takes no '.' in a name");
}

Test(names, a_root_whose_path_leaves_no_room_is_refused)
{
	char path[PIN_PATH_MAX] = "/sys/fs/bpf/";
	struct pin_error error;

	memset(path + strlen(path), 'x', 149);
	cr_assert_null(pin_root_open(path, PIN_OWN, 0, 0, NULL, &error));
	cr_assert_eq(errno, ENAMETOOLONG);
	cr_assert_not_null(strstr(error.text, "path of 161 bytes, expected at most 160"), "%s",
			   error.text);
}

Test(names, nobody_needs_to_want_the_text)
{
	cr_assert_null(pin_root_open("x", PIN_READ, 0, 0, NULL, NULL));
	cr_assert_eq(errno, EINVAL);
}

Test(names, destructors_take_null)
{
	pin_root_free(NULL);
	pin_stage_free(NULL);
}
