// SPDX-License-Identifier: Apache-2.0
/* Texts of configurations, read and changed. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

static const char file[] = "# The machine's\n"
			   "[loaderd]\n"
			   "modules = core, ; always\n"
			   "\tfile-created\n"
			   "# in between\n"
			   "  network-monitor\n"
			   "group=pulsar\n"
			   "\n"
			   "#ring_size = 1M\n"
			   "[file-created] ; files\n"
			   "  ring_size : 2M  ; per CPU\n"
			   "path = /a;b\n";

static struct conf_key key(const char *name)
{
	struct conf_key k;

	cr_assert_eq(conf_key_parse(&k, name), 0, "%s", name);
	return k;
}

static void expect_value(const char *text, const char *name, const char *expected)
{
	struct conf_key k = key(name);
	char *value = conf_get(text, &k);

	if (expected)
		cr_expect_str_eq(value ? value : "(none)", expected, "%s", name);
	else
		cr_expect_null(value, "%s", name);
	free(value);
}

Test(conf, values_come_without_blanks_and_comments)
{
	expect_value(file, "loaderd.group", "pulsar");
	expect_value(file, "file-created.ring_size", "2M");
	expect_value(file, "file-created.path", "/a;b");
	expect_value(file, "loaderd.ring_size", NULL);
	expect_value(file, "nix.group", NULL);
}

Test(conf, a_list_goes_on_in_lines_that_begin_with_a_blank)
{
	expect_value(file, "loaderd.modules", "core, file-created, network-monitor");
}

Test(conf, only_a_list_goes_on)
{
	expect_value("[m]\nring_size = 1M\n  group = g\n", "m.ring_size", "1M");
	expect_value("[m]\nring_size = 1M\n  group = g\n", "m.group", "g");
	expect_value("[m]\ntargets = /a\n  group = g\n", "m.targets", "/a, group = g");
}

Test(conf, a_byte_order_mark_and_other_line_ends_are_read)
{
	expect_value("\xef\xbb\xbf[m]\r\ngroup = g\r\n", "m.group", "g");
}

Test(conf, names_of_keys_are_judged)
{
	static const char *const wrong[] = {
		"", "a", ".a", "a.", "a.b.c", "a b.c", "a.b\n", "[a].b"
	};
	struct conf_key k;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		cr_expect_eq(conf_key_parse(&k, wrong[i]), -EINVAL, "'%s'", wrong[i]);
	cr_expect_eq(conf_key_parse(&k, "file-created.ring_size"), 0);
	cr_expect_str_eq(k.section, "file-created");
	cr_expect_str_eq(k.key, "ring_size");
}

/* ---- changing ---- */

static const struct {
	const char *what, *before, *name, *value, *after;
} changes[] = {
	{ "a value, its comment stays", "[m]\na = 1 ; why\nb = 2\n", "m.a", "3",
	  "[m]\na = 3 ; why\nb = 2\n" },
	{ "the way it is written stays", "[m]\n  a:1\n", "m.a", "3", "[m]\n  a: 3\n" },
	{ "an empty value", "[m]\na =\n", "m.a", "3", "[m]\na = 3\n" },
	{ "an empty value with a comment", "[m]\na =  ; why\n", "m.a", "3", "[m]\na =  3 ; why\n" },
	{ "the last line without an end", "[m]\na = 1", "m.a", "3", "[m]\na = 3\n" },
	{ "a list of several lines becomes one", "[m]\ntargets = /a,\n\t/b\n# c\nb = 2\n",
	  "m.targets", "/x", "[m]\ntargets = /x\n# c\nb = 2\n" },
	{ "a new key behind the last of its section", "[m]\na = 1\n\n# next\n[n]\nb = 2\n", "m.c",
	  "3", "[m]\na = 1\nc = 3\n\n# next\n[n]\nb = 2\n" },
	{ "a new key behind its example", "[m]\n#c = 9\n# more\na = 1\n", "m.c", "3",
	  "[m]\n#c = 9\nc = 3\n# more\na = 1\n" },
	{ "not into the middle of a list", "[m]\ntargets = /a,\n#c = 9\n\t/b\n", "m.c", "3",
	  "[m]\ntargets = /a,\n#c = 9\n\t/b\nc = 3\n" },
	{ "a section that is not there", "[m]\na = 1\n", "n.b", "2", "[m]\na = 1\n\n[n]\nb = 2\n" },
	{ "a file that is not there", "", "n.b", "2", "[n]\nb = 2\n" },
	{ "a section without an end of line", "[n]", "n.b", "2", "[n]\nb = 2\n" },
	{ "the same key of another section stays", "[m]\na = 1\n[n]\na = 2\n", "n.a", "3",
	  "[m]\na = 1\n[n]\na = 3\n" },
	{ "other line ends", "[m]\r\na = 1\r\n", "m.b", "2", "[m]\r\na = 1\r\nb = 2\r\n" },
	{ "taken out", "[m]\na = 1 ; why\nb = 2\n", "m.a", NULL, "[m]\nb = 2\n" },
	{ "a list taken out", "[m]\ntargets = /a,\n\t/b\nb = 2\n", "m.targets", NULL,
	  "[m]\nb = 2\n" },
	{ "what no reader takes stays", "what\n[m\na = 1\n", "m.b", "2",
	  "what\n[m\na = 1\n\n[m]\nb = 2\n" },
};

Test(conf, a_change_leaves_everything_else_as_it_is)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct conf_key k = key(changes[i].name);
		char *after = conf_set(changes[i].before, &k, changes[i].value);

		cr_assert(after, "%s", changes[i].what);
		cr_expect_str_eq(after, changes[i].after, "%s: found\n%s", changes[i].what, after);
		if (changes[i].value)
			expect_value(after, changes[i].name, changes[i].value);
		free(after);
	}
}

Test(conf, what_is_not_there_cannot_be_taken_out)
{
	struct conf_key k = key("m.b");

	cr_expect_null(conf_set("[m]\na = 1\n", &k, NULL));
	cr_expect_eq(errno, ENOENT);
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");

		longest = len > longest ? len : longest;
		text += len + (text[len] == '\n');
	}
	return longest;
}

Test(conf, a_long_list_goes_on_in_further_lines)
{
	struct conf_key k = key("m.targets");
	char value[4096] = "", *after;

	for (int i = 0; i < 40; i++)
		sprintf(value + strlen(value), "%s/usr/lib/a-program-%d", i ? ", " : "", i);
	after = conf_set("[m]\nb = 2\n", &k, value);
	cr_assert(after);
	cr_expect_leq(longest_line(after), 100, "%s", after);
	expect_value(after, "m.targets", value);
	expect_value(after, "m.b", "2");
	free(after);
}

Test(conf, what_a_file_cannot_hold_is_refused)
{
	struct conf_key plain = key("m.group"), list = key("m.targets");

	cr_expect_null(conf_value_wrong(&plain, "a;b #c"));
	cr_expect(conf_value_wrong(&plain, "a ;b"));
	cr_expect(conf_value_wrong(&plain, ";b"));
	cr_expect(conf_value_wrong(&plain, "a\nb"));
	cr_expect(conf_value_wrong(&plain, "a\033[2J"));
	cr_expect_null(conf_value_wrong(&list, "/a#b, /c"));
	cr_expect(conf_value_wrong(&list, "/a, #b"));
}
