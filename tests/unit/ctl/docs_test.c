// SPDX-License-Identifier: Apache-2.0
/* The man page and the dashboard keep up with the program. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctl.h"

#define MANDOC	  "/usr/bin/mandoc"
#define PAGE	  PULSAR_TEST_SOURCE "/docs/man/pulsarctl.1"
#define DASHBOARD PULSAR_TEST_SOURCE "/docs/grafana/pulsar.json"
#define FAMILIES  PULSAR_TEST_SOURCE "/ctl/metrics_write.c"

static char *file_text(const char *path)
{
	static char text[4][131072];
	static int next;
	char *t = text[next++ % 4];
	FILE *file = fopen(path, "re");
	size_t n;

	cr_assert(file, "%s", path);
	n = fread(t, 1, sizeof(text[0]) - 1, file);
	t[n] = '\0';
	fclose(file);
	return t;
}

Test(docs, mandoc_has_nothing_to_say_of_the_man_page)
{
	char line[512], all[4096] = "";
	FILE *lint;

	if (access(MANDOC, X_OK))
		cr_skip_test("mandoc is not installed");
	lint = popen(MANDOC " -T lint " PAGE " 2>&1", "re");
	cr_assert(lint);
	/* Whether the other pages are installed is no matter of this one. */
	while (fgets(line, sizeof(line), lint))
		if (!strstr(line, "referenced manual not found") &&
		    !strstr(line, "outdated mandoc.db"))
			strncat(all, line, sizeof(all) - strlen(all) - 1);
	pclose(lint);
	cr_expect_str_eq(all, "");
}

/* What --help prints. */
static char *help(void)
{
	static char text[16384];
	char *argv[] = { "pulsarctl", "--help", NULL };
	int before = dup(STDOUT_FILENO), file = memfd_create("help", MFD_CLOEXEC);
	ssize_t n;

	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	cr_assert_eq(ctl_main(2, argv), CTL_OK);
	dup2(before, STDOUT_FILENO);
	n = pread(file, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(before);
	close(file);
	return text;
}

static void expect_in_page(const char *page, const char *format, const char *word)
{
	char wanted[128];

	snprintf(wanted, sizeof(wanted), format, word);
	cr_expect(strstr(page, wanted), "the page has no '%s'", wanted);
}

Test(docs, the_man_page_has_all_commands_and_options_of_the_help)
{
	const char *page = file_text(PAGE);
	unsigned int commands = 0, options = 0;
	char *rest;

	for (char *line = strtok_r(help(), "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char word[64];

		if (sscanf(line, "  --%63[a-z-]", word) == 1) {
			expect_in_page(page, "Fl \\-%s", word);
			options++;
		} else if (!strncmp(line, "  ", 2) && islower((unsigned char)line[2]) &&
			   sscanf(line, "  %63[a-z]", word) == 1) {
			expect_in_page(page, strcmp(word, "start") ? "Cm %s" : "Cm %s Ar module",
				       word);
			commands++;
		}
	}
	cr_expect_geq(commands, 12);
	cr_expect_geq(options, 10);
}

Test(docs, the_dashboard_shows_only_metrics_that_there_are)
{
	char *text = file_text(DASHBOARD);
	const char *families = file_text(FAMILIES);
	json_t *dashboard = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	unsigned int found = 0;

	cr_assert(dashboard, "not JSON");
	cr_expect_geq(json_array_size(json_object_get(dashboard, "panels")), 10);
	json_decref(dashboard);
	for (char *at = text; (at = strstr(at, "pulsar_")); found++) {
		size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
		char name[128];

		snprintf(name, sizeof(name), "\"%.*s\"", (int)len, at);
		cr_expect(strstr(families, name), "there is no metric %s", name);
		at += len;
	}
	cr_expect_geq(found, 15);
}
