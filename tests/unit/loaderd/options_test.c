// SPDX-License-Identifier: Apache-2.0
/* The command line. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "options.h"

#define ARGUMENTS_MAX 12

static int parse(const char *const *arguments, struct options *options, struct pin_error *error)
{
	char *argv[ARGUMENTS_MAX + 2] = { "pulsar-loaderd" };
	int argc = 1;

	for (; arguments[argc - 1]; argc++) {
		cr_assert(argc < ARGUMENTS_MAX);
		argv[argc] = (char *)arguments[argc - 1];
	}
	return options_parse(options, argc, argv, error);
}

Test(options, all_of_them_are_taken)
{
	const char *const arguments[] = { "--config", "c", "--modules=m", "--module",	  "a",
					  "--module", "b", "-v",	  "--variant=tp", "--check",
					  NULL };
	struct options o;
	struct pin_error error;

	cr_assert_eq(parse(arguments, &o, &error), 0, "%s", error.text);
	cr_expect_str_eq(o.config, "c");
	cr_expect_str_eq(o.modules_dir, "m");
	cr_assert_eq(o.modules_count, 2);
	cr_expect_str_eq(o.modules[0], "a");
	cr_expect_str_eq(o.modules[1], "b");
	cr_expect_str_eq(o.variant, "tp");
	cr_expect(o.verbose && o.check && !o.version && !o.help);
	cr_expect_null(o.pin_root);
	cr_expect_null(o.socket);
	cr_expect_null(o.group);
	options_release(&o);
}

static const struct {
	const char *arguments[4];
	const char *text;
} wrong_rows[] = {
	{ { "--no-such" }, "unknown or ambiguous option --no-such" },
	{ { "-x" }, "unknown or ambiguous option -x" },
	{ { "--pin" }, "--pin needs a value" },
	{ { "--config" }, "--config needs a value" },
	{ { "-v", "--group" }, "--group needs a value" },
	{ { "extra" }, "unexpected argument 'extra'" },
	{ { "--check", "extra" }, "unexpected argument 'extra'" },
	{ { "--check=1" }, "unknown or ambiguous option --check=1" },
};

Test(options, wrong_usage_is_one_sentence_that_names_it)
{
	for (size_t i = 0; i < sizeof(wrong_rows) / sizeof(*wrong_rows); i++) {
		struct pin_error error = { "" };
		struct options o;

		cr_expect_eq(parse(wrong_rows[i].arguments, &o, &error), -EINVAL);
		cr_expect_str_eq(error.text, wrong_rows[i].text);
		options_release(&o);
	}
}

Test(options, help_names_every_option)
{
	const char *const all[] = { "--config",	 "--modules", "--module",  "--pin-root",
				    "--socket",	 "--group",   "--variant", "--check",
				    "--version", "--verbose", "--help" };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		cr_expect(strstr(options_help(), all[i]), "%s", all[i]);
}
