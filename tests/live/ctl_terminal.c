// SPDX-License-Identifier: Apache-2.0
/* pulsarctl top on a terminal, and watch with its readers. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "pulsarctl.h"

#define FILES	  "file-created"
#define PROCESSES "process-monitor"
#define ENTER	  "\033[?1049h\033[?25l"
#define LEAVE	  "\033[?25h\033[?1049l"

/* ---- top ---- */

/* A pulsarctl top on a terminal of its own. */
struct top {
	pid_t pid;
	int terminal; /* our end */
	int other;    /* a descriptor of its end, so that it can be asked after the end */
	char seen[65536];
	size_t len;
};

static void top_start(struct top *top, struct kit *kit, unsigned short columns)
{
	struct winsize size = { .ws_row = 12, .ws_col = columns };
	char *argv[] = { "pulsarctl",
			 "--socket",
			 (char *)kit_socket(kit),
			 "--pin-root",
			 (char *)kit_pin_root(kit),
			 "top",
			 "--interval",
			 "0.2",
			 NULL };

	memset(top, 0, sizeof(*top));
	cr_assert(!openpty(&top->terminal, &top->other, NULL, NULL, &size));
	top->pid = fork();
	if (!top->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		close(top->terminal);
		login_tty(top->other);
		execv(PULSAR_TEST_BUILD "/pulsarctl", argv);
		_exit(127);
	}
	cr_assert(top->pid > 0);
}

/* Reads what it drew until this text is there. */
static void top_see(struct top *top, const char *text)
{
	struct pollfd fd = { .fd = top->terminal, .events = POLLIN };

	while (!strstr(top->seen, text)) {
		ssize_t n = poll(&fd, 1, 60000) > 0 ? read(top->terminal, top->seen + top->len,
							   sizeof(top->seen) - 1 - top->len)
						    : 0;

		cr_assert(n > 0, "no '%s' in: %s", text, top->seen);
		top->len += (size_t)n;
	}
}

static bool echoes(const struct top *top)
{
	struct termios termios;

	cr_assert(!tcgetattr(top->other, &termios));
	return (termios.c_lflag & (ICANON | ECHO)) == (ICANON | ECHO);
}

static void top_expect_end(struct top *top)
{
	int status;

	top_see(top, LEAVE);
	cr_assert_eq(waitpid(top->pid, &status, 0), top->pid);
	cr_expect_eq(status, 0, "status %#x", status);
	cr_expect(echoes(top), "the terminal is not as it was");
	cr_expect_str_eq(top->seen + top->len - strlen(LEAVE), LEAVE);
	close(top->terminal);
	close(top->other);
}

Test(ctl_terminal, top_ends_by_q_and_gives_the_terminal_back)
{
	struct kit *kit = kit_started(FILES, NULL);
	struct top top;

	top_start(&top, kit, 120);
	top_see(&top, FILES);
	cr_expect(!echoes(&top));
	cr_expect(strstr(top.seen, ENTER));
	cr_expect(strstr(top.seen, "PRODUCED"));
	cr_assert_eq(write(top.terminal, "x q", 3), 3);
	top_expect_end(&top);
	kit_free(kit);
}

Test(ctl_terminal, top_gives_the_terminal_back_whatever_signal_ends_it)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct kit *kit = kit_started(FILES, NULL);
	struct top top;

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		top_start(&top, kit, 120);
		top_see(&top, FILES);
		kill(top.pid, signals[i]);
		top_expect_end(&top);
	}
	kit_free(kit);
}

Test(ctl_terminal, top_gives_the_terminal_back_while_it_is_stopped)
{
	struct kit *kit = kit_started(FILES, NULL);
	struct top top;
	int status;

	top_start(&top, kit, 120);
	top_see(&top, FILES);
	kill(top.pid, SIGTSTP);
	cr_assert_eq(waitpid(top.pid, &status, WUNTRACED), top.pid);
	cr_expect(WIFSTOPPED(status));
	cr_expect(echoes(&top));
	top_see(&top, LEAVE);
	top.len = 0;
	memset(top.seen, 0, sizeof(top.seen));
	kill(top.pid, SIGCONT);
	top_see(&top, FILES);
	cr_expect(strstr(top.seen, ENTER));
	cr_expect(!echoes(&top));
	cr_assert_eq(write(top.terminal, "q", 1), 1);
	top_expect_end(&top);
	kit_free(kit);
}

/* The most columns that a line of what was drawn takes; sequences take none. */
static size_t widest_line(const char *c)
{
	size_t column = 0, widest = 0;

	for (; *c; c++) {
		if (*c == '\033') {
			c += strcspn(c, "hlHKJm");
		} else if (*c == '\n' || *c == '\r') {
			column = 0;
		} else if (++column > widest) {
			widest = column;
		}
	}
	return widest;
}

Test(ctl_terminal, top_fits_into_a_narrow_terminal_that_changes_its_size)
{
	struct winsize size = { .ws_row = 5, .ws_col = 30 };
	struct kit *kit = kit_started(FILES, NULL);
	const char *last;
	struct top top;

	top_start(&top, kit, 40);
	top_see(&top, FILES);
	cr_expect_leq(widest_line(top.seen), 39, "%s", top.seen);
	cr_assert(!ioctl(top.terminal, TIOCSWINSZ, &size));
	/* What was drawn before the change may still come: ends it, and looks at the last table. */
	for (int i = 0; i < 3; i++) {
		top.len = 0;
		memset(top.seen, 0, sizeof(top.seen));
		top_see(&top, "\033[J");
	}
	/* The move to the corner may have come with what was read before. */
	last = strrchr(top.seen, 'H');
	cr_expect_leq(widest_line(last ? last + 1 : top.seen), 29, "%s", top.seen);
	cr_assert_eq(write(top.terminal, "q", 1), 1);
	top_expect_end(&top);
	kit_free(kit);
}

Test(ctl_terminal, top_elsewhere_prints_one_table_after_the_other)
{
	struct kit *kit = kit_started(FILES, NULL);
	char *text = pulsarctl_text(kit, WORDS("top", "--count", "2", "--interval", "0.1"));
	char *line;

	expect_plain(text);
	cr_expect(strstr(strstr(text, "PRODUCED") + 1, "PRODUCED"), "%s", text);
	free(text);
	text = pulsarctl_text(kit, WORDS("--json", "top", "--count", "2", "--interval", "0.1"));
	line = strchr(text, '\n');
	cr_assert(line);
	*line = '\0';
	json_decref(json_loads(text, JSON_REJECT_DUPLICATES, NULL));
	json_decref(json_loads(line + 1, JSON_REJECT_DUPLICATES, NULL));
	free(text);
	kit_free(kit);
}

/* ---- watch ---- */

struct held {
	struct kit *kit;
	const char *module;
	char subscription[32];
	pid_t holder; /* found */
};

static bool is_held(void *arg)
{
	struct held *want = arg;
	json_t *answer = kit_control(want->kit, "{\"request\":\"subscriptions\"}"), *s;
	size_t i;

	want->holder = 0;
	json_array_foreach(json_object_get(answer, "subscriptions"), i, s)
		if (!strcmp(json_string_value(json_object_get(s, "module")), want->module) &&
		    !strcmp(json_string_value(json_object_get(s, "subscription")),
			    want->subscription))
			want->holder = (pid_t)json_integer_value(json_object_get(s, "holder_pid"));
	json_decref(answer);
	return want->holder;
}

static bool is_left(void *arg)
{
	return !is_held(arg);
}

static struct held wait_held(struct kit *kit, const char *module, pid_t watch)
{
	struct held want = { .kit = kit, .module = module };

	snprintf(want.subscription, sizeof(want.subscription), "watch-%d", watch);
	wait_until(is_held, &want, "a reader to attach");
	return want;
}

static bool is_pinned(const struct held *held)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s/subscriptions/%s", kit_pin_root(held->kit),
		 held->module, held->subscription);
	return !access(path, F_OK);
}

static void expect_unprivileged(pid_t pid)
{
	char path[64], text[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	cr_assert(n > 0);
	text[n] = '\0';
	close(fd);
	cr_expect(strstr(text, "\nUid:\t65534\t65534\t65534\t65534\n"), "%s", text);
	cr_expect(strstr(text, "\nCapPrm:\t0000000000000000\n"), "%s", text);
	cr_expect(strstr(text, "\nCapEff:\t0000000000000000\n"), "%s", text);
}

static void touch(struct kit *kit, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", kit_folder(kit), name);
	close(creat(path, 0644));
}

/* Each line begins with its time: none is before the one above it, but at midnight. */
static void expect_sorted(char *text)
{
	const char *last = "00:00:00.000";
	char *rest;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		cr_expect(strncmp(line, last, 12) >= 0 || !strncmp(last, "23:59", 5),
			  "%s\nafter %.12s", line, last);
		last = line;
	}
}

Test(ctl_terminal, watch_merges_modules_that_are_read_by_unprivileged_processes)
{
	struct kit *kit = kit_started(FILES "," PROCESSES, NULL);
	struct pulsarctl ctl = pulsarctl_start(kit, KIT_ROOT, WORDS("watch"));
	struct held files = wait_held(kit, FILES, ctl.pid);
	struct held processes = wait_held(kit, PROCESSES, ctl.pid);
	int status;

	expect_unprivileged(files.holder);
	expect_unprivileged(processes.holder);
	cr_expect_neq(files.holder, processes.holder);
	touch(kit, "one-of-watch");
	pulsarctl_wait_for(&ctl, "/one-of-watch");
	touch(kit, "two-of-watch");
	pulsarctl_wait_for(&ctl, "/two-of-watch");
	free(program_run(KIT_ROOT, WORDS("/bin/true"), &status));
	pulsarctl_wait_for(&ctl, " Exec ");
	pulsarctl_stop(&ctl, SIGINT);
	cr_expect_eq(ctl.status, 0, "status %#x: %s", ctl.status, ctl.err);
	expect_sorted(ctl.out);
	cr_expect(!is_pinned(&files) && !is_pinned(&processes), "its subscriptions are left");
	pulsarctl_release(&ctl);
	kit_free(kit);
}

Test(ctl_terminal, watch_prints_json_and_takes_nothing_from_other_readers)
{
	struct kit *kit = kit_started(FILES, NULL);
	struct kit_reader *reader = kit_read(kit, FILES, NULL);
	struct pulsarctl ctl;
	char *text;

	kit_attached(kit, FILES, "default");
	ctl = pulsarctl_start(kit, KIT_ROOT, WORDS("--json", "watch", FILES));
	wait_held(kit, FILES, ctl.pid);
	touch(kit, "for-both");
	pulsarctl_wait_for(&ctl, "/for-both\"");
	kit_caught_up(kit, FILES, "default");
	text = kit_reader_text(reader);
	cr_expect(strstr(text, "/for-both"));
	free(text);
	pulsarctl_stop(&ctl, SIGTERM);
	cr_expect_eq(ctl.status, 0, "status %#x: %s", ctl.status, ctl.err);
	for (char *rest, *line = strtok_r(ctl.out, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		cr_expect(json, "not JSON: %s", line);
		json_decref(json);
	}
	pulsarctl_release(&ctl);
	kit_reader_free(reader);
	kit_free(kit);
}

Test(ctl_terminal, what_a_killed_watch_left_the_next_one_removes)
{
	struct kit *kit = kit_started(FILES, NULL);
	struct pulsarctl first = pulsarctl_start(kit, KIT_ROOT, WORDS("watch", FILES)), second;
	struct held held = wait_held(kit, FILES, first.pid);

	pulsarctl_stop(&first, SIGKILL);
	wait_until(is_left, &held, "the reader to end with its watch");
	cr_expect(is_pinned(&held));
	second = pulsarctl_start(kit, KIT_ROOT, WORDS("watch", FILES));
	wait_held(kit, FILES, second.pid);
	cr_expect(!is_pinned(&held));
	pulsarctl_stop(&second, SIGINT);
	pulsarctl_release(&first);
	pulsarctl_release(&second);
	kit_free(kit);
}

Test(ctl_terminal, watch_of_nobody_reads_the_default_subscription)
{
	struct kit *kit = kit_started(FILES, NULL);
	struct pulsarctl ctl = pulsarctl_start(kit, KIT_NOBODY_USER, WORDS("watch", FILES));

	kit_attached(kit, FILES, "default");
	touch(kit, "for-nobody");
	pulsarctl_wait_for(&ctl, "/for-nobody");
	pulsarctl_stop(&ctl, SIGINT);
	cr_expect_eq(ctl.status, 0, "status %#x: %s", ctl.status, ctl.err);
	pulsarctl_release(&ctl);
	kit_free(kit);
}

Test(ctl_terminal, watch_says_why_there_is_nothing_to_watch)
{
	struct kit *kit = kit_started(FILES, NULL);

	pulsarctl_fails(kit, WORDS("watch", "no-such-module"), "no-such-module");
	kit_stop(kit, SIGKILL);
	pulsarctl_fails(kit, WORDS("watch"), "does not run");
	kit_free(kit);
}
