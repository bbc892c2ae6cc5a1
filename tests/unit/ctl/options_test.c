// SPDX-License-Identifier: Apache-2.0
/* Command lines, right and wrong: the whole program, as far as no machine is needed. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "options.h"
#include "watch.h"

#define WORDS 12

struct row {
	const char *words[WORDS]; /* behind the program's name */
	const char *says;	  /* part of the line on stderr */
};

static int parse(struct options *options, const char *const *words)
{
	static char *argv[WORDS + 2];
	int argc = 1;

	argv[0] = "pulsarctl";
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	argv[argc] = NULL;
	return options_parse(options, argc, argv);
}

static int run(const char *const *words)
{
	static char *argv[WORDS + 2];
	int argc = 1;

	argv[0] = "pulsarctl";
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	argv[argc] = NULL;
	return ctl_main(argc, argv);
}

static const struct row wrong[] = {
	{ { NULL }, "which command?" },
	{ { "nix" }, "no command 'nix'" },
	{ { "\033[2J" }, "no command '?[2J'" },
	{ { "--nix" }, "--nix: no such option" },
	{ { "status", "-x" }, "-x: no such option" },
	{ { "--socket" }, "--socket wants a value" },
	{ { "status", "a", "b" }, "usage: pulsarctl status [MODULE]" },
	{ { "status", "--listen", "5" }, "--listen is no option of status" },
	{ { "modules", "--save" }, "--save is no option of modules" },
	{ { "start" }, "usage: pulsarctl start MODULE" },
	{ { "start", "Bad Name" }, "'Bad Name' is not the name" },
	{ { "stop", "../core" }, "'../core' is not the name" },
	{ { "teardown", "a/b" }, "'a/b' is not the name" },
	{ { "status", "--interval", "1e3" }, "--interval wants" },
	{ { "status", "--interval", "-1" }, "--interval wants" },
	{ { "status", "--interval", "." }, "--interval wants" },
	{ { "status", "--interval", "1.2.3" }, "--interval wants" },
	{ { "top", "--interval", "0" }, "0.1 or more" },
	{ { "top", "--count", "0" }, "--count wants" },
	{ { "top", "--count", "+5" }, "--count wants" },
	{ { "top", "--count", "99999999999999999999999" }, "--count wants" },
	{ { "watch", "--subscription", "A" }, "'A' is not the name" },
	{ { "watch", "a", "B" }, "'B' is not the name" },
	{ { "metrics", "--listen", "x" }, "--listen wants" },
	{ { "metrics", "--listen", "5", "--json" }, "do not go together" },
	{ { "--colour", "red", "status" }, "'red'" },
	{ { "config", "nix", "a.b" }, "no 'nix'" },
	{ { "config", "get" }, "usage:" },
	{ { "config", "get", "a" }, "'a' is not SECTION.KEY" },
	{ { "config", "set", "a.b" }, "usage:" },
	{ { "config", "set", "a.b", "1", "2" }, "takes one value" },
	{ { "config", "unset", "a.b", "c" }, "usage:" },
	{ { "filter", "add", "a", "targets" }, "usage:" },
	{ { "filter", "nix" }, "usage:" },
	{ { "filter", "add", "A", "targets", "/x" }, "'A' is not the name" },
	{ { "filter", "list", "A" }, "'A' is not the name" },
	{ { "subscriptions", "remove", "a" }, "usage:" },
	{ { "subscriptions", "remove", "a", "B" }, "'B' is not the name of a subscription" },
};

/* What a command line makes of stderr: bytes in `text`. Returns the exit status. */
static int run_captured(const char *const *words, char *text, size_t size)
{
	int before = dup(STDERR_FILENO), file = memfd_create("stderr", MFD_CLOEXEC);
	ssize_t n;
	int status;

	dup2(file, STDERR_FILENO);
	status = run(words);
	fflush(stderr);
	dup2(before, STDERR_FILENO);
	n = pread(file, text, size - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(before);
	close(file);
	return status;
}

Test(options, a_wrong_command_line_is_one_line_and_status_2)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		char text[1024];

		cr_expect_eq(run_captured(wrong[i].words, text, sizeof(text)), CTL_USAGE, "%s",
			     wrong[i].says);
		cr_expect(strstr(text, wrong[i].says), "expected %s, found %s", wrong[i].says,
			  text);
		cr_expect(!strncmp(text, "pulsarctl: ", 11), "%s", text);
		cr_expect_eq(strchr(text, '\n'), text + strlen(text) - 1, "not one line: %s", text);
	}
}

Test(options, options_may_stand_in_front_of_the_command_and_behind_it)
{
	static const char *const words[] = { "--json", "status",     "--socket", "/s",
					     "core",   "--interval", "1.5",	 NULL };
	struct options options;

	cr_assert_eq(parse(&options, words), 0);
	cr_expect(options.ctl.json);
	cr_expect_str_eq(options.ctl.socket, "/s");
	cr_expect_null(options.ctl.pin_root);
	cr_expect_eq(options.ctl.interval_ms, 1500);
	cr_expect_eq(options.given, OPTIONS_INTERVAL);
}

Test(options, what_a_watch_left_is_known_by_its_name)
{
	char alive[32];

	snprintf(alive, sizeof(alive), "watch-%d", (int)getpid());
	cr_expect(watch_is_left("watch-4194999", 0), "no such process can be");
	cr_expect(!watch_is_left(alive, 0));
	cr_expect(!watch_is_left("watch-4194999", 5), "somebody reads it");
	cr_expect(!watch_is_left("watch-", 0));
	cr_expect(!watch_is_left("watch-0", 0));
	cr_expect(!watch_is_left("watch--1", 0));
	cr_expect(!watch_is_left("watch-4194999x", 0));
	cr_expect(!watch_is_left("default", 0));
}
