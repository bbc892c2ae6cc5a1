// SPDX-License-Identifier: Apache-2.0
/* The command line. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "options.h"

#define ARGUMENTS 12

static struct options options;
static char error[256];

/* Splits a command line at blanks. */
static int parse(const char *line)
{
	static char copy[512];
	char *argv[ARGUMENTS + 2] = { "pulsar-reader" };
	int argc = 1;

	error[0] = '\0';
	cr_assert(strlen(line) < sizeof(copy));
	strcpy(copy, line);
	for (char *word = strtok(copy, " "); word && argc <= ARGUMENTS; word = strtok(NULL, " "))
		argv[argc++] = word;
	return options_parse(&options, argc, argv, error, sizeof(error));
}

Test(options, defaults_are_those_of_the_manual)
{
	cr_assert_eq(parse("file-created"), 0, "%s", error);
	cr_expect_str_eq(options.module, "file-created");
	cr_expect_str_eq(options.subscription, "default");
	cr_expect_str_eq(options.pin_root, "/sys/fs/bpf/pulsar");
	cr_expect_str_eq(options.socket, "/run/pulsar/loaderd.sock");
	cr_expect_null(options.events);
	cr_expect_eq(options.format, OPTIONS_JSON);
	cr_expect_eq(options.colour, OPTIONS_COLOUR_AUTO);
	cr_expect(options.order);
	cr_expect_eq(options.order_window_ns, 100000000);
	cr_expect_eq(options.count, 0);
	cr_expect_eq(options.duration_ns, 0);
}

Test(options, each_option_is_taken)
{
	cr_assert_eq(parse("--count 5 --duration=3 --format text --subscription siem --event A,B "
			   "--no-order"),
		     -EINVAL, "the module is missing");
	cr_assert_eq(parse("--count 5 --duration=3 --format text --subscription siem m"), 0);
	cr_expect_eq(options.count, 5);
	cr_expect_eq(options.duration_ns, 3000000000);
	cr_expect_eq(options.format, OPTIONS_TEXT);
	cr_expect_str_eq(options.subscription, "siem");
	cr_assert_eq(parse("m --event A,B --no-order --order-window 0 --colour never"), 0);
	cr_expect_str_eq(options.events, "A,B");
	cr_expect_not(options.order);
	cr_expect_eq(options.order_window_ns, 0);
	cr_expect_eq(options.colour, OPTIONS_COLOUR_NEVER);
	cr_assert_eq(parse("--pin-root /p --socket /s m --colour=always"), 0);
	cr_expect_str_eq(options.pin_root, "/p");
	cr_expect_str_eq(options.socket, "/s");
	cr_expect_eq(options.colour, OPTIONS_COLOUR_ALWAYS);
}

Test(options, help_and_version_need_no_module)
{
	cr_assert_eq(parse("--help"), 0);
	cr_expect(options.help);
	cr_assert_eq(parse("-h a b c"), 0);
	cr_expect(options.help);
	cr_assert_eq(parse("--version"), 0);
	cr_expect(options.version);
}

Test(options, help_names_each_option)
{
	static const char *const names[] = {
		"--count",    "--duration", "--format",	      "--subscription",
		"--event",    "--no-order", "--order-window", "--colour",
		"--pin-root", "--socket",   "--version",      "--help",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		cr_expect(strstr(options_help(), names[i]), "%s", names[i]);
}

Test(options, what_is_wrong_is_named)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
		{ "", "which module" },
		{ "a b", "'b'" },
		{ "--count", "--count wants a value" },
		{ "--count 0 m", "--count wants a number" },
		{ "--count -1 m", "'-1'" },
		{ "--count +1 m", "'+1'" },
		{ "--count 1x m", "'1x'" },
		{ "--count 0x10 m", "'0x10'" },
		{ "--count 18446744073709551616 m", "--count" },
		{ "--count= m", "--count" },
		{ "--duration 0 m", "--duration" },
		{ "--duration 1.5 m", "'1.5'" },
		{ "--duration 99999999999999 m", "--duration" },
		{ "--order-window 60001 m", "--order-window" },
		{ "--format xml m", "'xml'" },
		{ "--colour blue m", "'blue'" },
		{ "--frobnicate m", "unknown option --frobnicate" },
		{ "-x m", "unknown option -x" },
		{ "../etc", "'../etc'" },
		{ "Module", "'Module'" },
		{ "--subscription a/b m", "'a/b'" },
		{ "--subscription abcdefghijklmnopqrstuvwxyz0123456789 m", "not the name" },
		{ "--socket /123456789012345678901234567890123456789012345678901234567890"
		  "12345678901234567890123456789012345678901234567890 m",
		  "--socket" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cr_expect_eq(parse(rows[i].line), -EINVAL, "%s", rows[i].line);
		cr_expect(strstr(error, rows[i].text), "%s: '%s', expected '%s'", rows[i].line,
			  error, rows[i].text);
		cr_expect_not(strchr(error, '\n'), "%s", rows[i].line);
	}
}

Test(options, largest_numbers_are_taken)
{
	cr_assert_eq(parse("--count 18446744073709551615 m"), 0);
	cr_expect_eq(options.count, ~0ull);
	cr_assert_eq(parse("--duration 3153600000 --order-window 60000 m"), 0);
	cr_expect_eq(options.duration_ns, 3153600000ull * 1000000000);
}
