// SPDX-License-Identifier: Apache-2.0
/* A reader between a program and a loaderd: its process, its lines, its words. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <grp.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reader.h"
#include "stream_world.h"

#define ARGUMENTS_MAX 20

static void become(uid_t uid, bool member)
{
	gid_t gid = member ? WORLD_GID : WORLD_GID - 1;

	if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		_exit(99);
}

void world_read(struct world *w, uid_t uid, bool member, const char *const *arguments)
{
	char *argv[ARGUMENTS_MAX + 8] = { "pulsar-reader", "--pin-root", w->pins, "--socket",
					  w->socket };
	int argc = 5, out[2];

	for (; *arguments && argc < ARGUMENTS_MAX; arguments++)
		argv[argc++] = (char *)*arguments;
	argv[argc++] = WORLD_MODULE;
	cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
	world_close(&w->out);
	world_close(&w->err);
	w->out = out[0];
	w->err = memfd_create("reader-err", MFD_CLOEXEC);
	w->text_len = 0;
	w->reader = fork();
	cr_assert_geq(w->reader, 0);
	if (!w->reader) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (dup2(out[1], STDOUT_FILENO) < 0 || dup2(w->err, STDERR_FILENO) < 0)
			_exit(99);
		/* What the test has open is not the reader's. */
		close_range(3, ~0u, 0);
		become(uid, member);
		_exit(reader_main(argc, argv));
	}
	close(out[1]);
}

/* Reads more of the output; false at its end. */
static bool more_text(struct world *w)
{
	struct pollfd wait = { .fd = w->out, .events = POLLIN };
	ssize_t len;

	cr_assert_eq(poll(&wait, 1, WORLD_WAIT_MS), 1, "no output: %s", world_log(w));
	len = read(w->out, w->text + w->text_len, sizeof(w->text) - w->text_len);
	cr_assert_geq(len, 0);
	w->text_len += (size_t)len;
	return len;
}

bool world_line_end(struct world *w)
{
	return !w->text_len && !more_text(w);
}

static struct world_line line_parse(const char *text, size_t len)
{
	struct world_line line = { 0 };
	const char *event, *cause;
	json_t *json;

	json = json_loadb(text, len, 0, NULL);
	cr_assert(json, "not JSON: %.*s", (int)len, text);
	cr_assert_eq(json_unpack(json, "{s:{s:s}}", "header", "event", &event), 0);
	snprintf(line.event, sizeof(line.event), "%s", event);
	line.lost = !strcmp(event, "Lost");
	if (line.lost) {
		cr_assert_eq(json_unpack(json, "{s:{s:I,s:I,s:I,s:s}}", "payload", "cpu", &line.cpu,
					 "count", &line.count, "total", &line.total, "cause",
					 &cause),
			     0);
		snprintf(line.cause, sizeof(line.cause), "%s", cause);
	} else {
		cr_assert_eq(json_unpack(json, "{s:{s:I,s:I},s:{s:I}}", "header", "cpu", &line.cpu,
					 "seq", &line.seq, "payload", "number", &line.number),
			     0);
	}
	json_decref(json);
	return line;
}

struct world_line world_line(struct world *w)
{
	struct world_line line;
	char *end;
	size_t len;

	while (!(end = memchr(w->text, '\n', w->text_len)))
		cr_assert(more_text(w), "the output has ended: %s", world_log(w));
	len = (size_t)(end - w->text);
	line = line_parse(w->text, len);
	w->text_len -= len + 1;
	memmove(w->text, end + 1, w->text_len);
	return line;
}

int world_reader_ends(struct world *w, int sig)
{
	pid_t pid = w->reader;
	int status;

	w->reader = 0;
	if (sig)
		kill(pid, sig);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

const char *world_log(struct world *w)
{
	static char text[8192];
	ssize_t len = pread(w->err, text, sizeof(text) - 1, 0);

	text[len < 0 ? 0 : len] = '\0';
	return text;
}

void world_expect_log(struct world *w, const char *text)
{
	struct timespec moment = { .tv_nsec = 2000000 };

	for (int i = 0; i < WORLD_WAIT_MS / 2; i++) {
		if (strstr(world_log(w), text))
			return;
		nanosleep(&moment, NULL);
	}
	cr_assert(false, "'%s' is not in: %s", text, world_log(w));
}

void world_expect_events(struct world *w, unsigned int cpu, long long from, long long to)
{
	for (long long seq = from; seq <= to; seq++) {
		struct world_line line = world_line(w);

		cr_assert_not(line.lost, "lost %lld %s", line.count, line.cause);
		cr_expect_eq(line.cpu, cpu);
		cr_expect_eq(line.seq, seq, "seq %lld, expected %lld", line.seq, seq);
		cr_expect_eq(line.number, 1000000 * line.cpu + line.seq);
	}
}

void world_expect_end(struct world *w, int signal, int status)
{
	int ended = world_reader_ends(w, signal);

	cr_expect_eq(ended, status, "ended with %d, expected %d: %s", ended, status, world_log(w));
}

void world_wait_until_asleep(struct world *w)
{
	struct timespec moment = { .tv_nsec = 1000000 };

	for (unsigned int cpu = 0; cpu < w->cpus; cpu++)
		while (!world_position(w, cpu).waiting)
			nanosleep(&moment, NULL);
}
