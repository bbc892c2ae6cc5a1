/* SPDX-License-Identifier: Apache-2.0 */
/* docs/tutorial.md: its files and commands work as written. tutorial.sh does the work. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77 /* status of the script: this machine cannot do it */
#define SCRIPT	PULSAR_TEST_SOURCE "/tests/live/tutorial.sh"
#define COMMAND SCRIPT " " PULSAR_TEST_SOURCE " " PULSAR_TEST_BUILD " 2>&1"

/* What the script has written, its end if that is long; and its wait status. */
static void run_script(char *text, size_t size, int *status)
{
	FILE *script = popen(COMMAND, "re");
	size_t len = 0, n;

	cr_assert(script);
	while ((n = fread(text + len, 1, size - 1 - len, script)) > 0) {
		len += n;
		if (len == size - 1) {
			memmove(text, text + size / 2, len - size / 2);
			len -= size / 2;
		}
	}
	text[len] = '\0';
	*status = pclose(script);
}

/* The last line of a text, without its newline. */
static const char *last_line(char *text)
{
	size_t len = strlen(text);
	char *line;

	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

Test(tutorial, works_as_written)
{
	static char text[16384];
	int status;

	if (geteuid())
		cr_skip_test("needs root: loads BPF programs");
	if (access(SCRIPT, X_OK))
		cr_skip_test("needs the source");
	run_script(text, sizeof(text), &status);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		cr_skip_test("%s", last_line(text));
	cr_assert(WIFEXITED(status) && !WEXITSTATUS(status), "%s", text);
}
