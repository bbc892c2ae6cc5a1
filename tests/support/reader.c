/* SPDX-License-Identifier: Apache-2.0 */
/* A reader without privileges, its output, and what the pinned maps say of it. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pulsar/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

#ifdef PULSAR_TEST_BUILD
#define READER PULSAR_TEST_BUILD "/pulsar-reader"
#else
#define READER "/usr/bin/pulsar-reader"
#endif

#define ARGUMENTS_MAX 24

struct kit_reader {
	struct kit *kit;
	struct kit_reader *next; /* of the kit */
	pid_t pid;		 /* 0: ended */
	int out, err;
};

/* `out`: descriptor of its stdout, the reader's from now on. */
static struct kit_reader *reader_start(struct kit *kit, const char *module,
				       const char *const *arguments, int out)
{
	const char *argv[ARGUMENTS_MAX + 9] = { "pulsar-reader", "--pin-root", kit->pins,
						"--socket", kit->socket };
	struct kit_reader *reader = calloc(1, sizeof(*reader));
	size_t n = 5;

	cr_assert(reader);
	if (*kit->subscription) {
		argv[n++] = "--subscription";
		argv[n++] = kit->subscription;
	}
	for (size_t i = 0; arguments && arguments[i] && i < ARGUMENTS_MAX; i++)
		argv[n++] = arguments[i];
	argv[n] = module;
	reader->out = out;
	reader->err = memfd_create("reader-err", MFD_CLOEXEC);
	cr_assert(reader->out >= 0 && reader->err >= 0);
	reader->pid = process_spawn(&(struct spawn){ .path = READER,
						     .argv = argv,
						     .out = reader->out,
						     .err = reader->err,
						     .nobody = true });
	reader->kit = kit;
	reader->next = kit->readers;
	kit->readers = reader;
	return reader;
}

struct kit_reader *kit_read(struct kit *kit, const char *module, const char *const *arguments)
{
	/* In memory: what the reader writes must not be seen by the probes of a test. */
	return reader_start(kit, module, arguments, memfd_create("reader-out", MFD_CLOEXEC));
}

struct kit_reader *kit_read_attached(struct kit *kit, const char *module,
				     const char *const *arguments)
{
	struct kit_reader *reader = kit_read(kit, module, arguments);

	kit_attached(kit, module, kit_subscription(kit));
	return reader;
}

struct kit_reader *kit_read_quietly(struct kit *kit, const char *module)
{
	return reader_start(kit, module, NULL, open("/dev/null", O_WRONLY | O_CLOEXEC));
}

struct kit_reader *kit_read_into(struct kit *kit, const char *module, int out)
{
	return reader_start(kit, module, NULL, out);
}

pid_t kit_reader_pid(const struct kit_reader *reader)
{
	return reader->pid;
}

int kit_reader_stop(struct kit_reader *reader, int signal)
{
	pid_t pid = reader->pid;

	cr_assert(pid > 0);
	kill(pid, signal);
	return kit_reader_wait(reader);
}

int kit_reader_wait(struct kit_reader *reader)
{
	pid_t pid = reader->pid;

	reader->pid = 0;
	return process_wait(pid);
}

char *kit_reader_text(const struct kit_reader *reader)
{
	return file_text(reader->out);
}

char *kit_reader_log(const struct kit_reader *reader)
{
	return file_text(reader->err);
}

json_t *kit_reader_events(const struct kit_reader *reader)
{
	char *text = kit_reader_text(reader), *line = text, *end;
	json_t *events = json_array();
	json_error_t error;

	/* A line that is being written has no end yet. */
	for (; (end = strchr(line, '\n')); line = end + 1) {
		json_t *event;

		*end = '\0';
		event = json_loads(line, JSON_REJECT_DUPLICATES, &error);
		cr_assert(event, "not JSON: %s: %s", error.text, line);
		json_array_append_new(events, event);
	}
	free(text);
	return events;
}

void kit_reader_free(struct kit_reader *reader)
{
	struct kit_reader **link;

	if (!reader)
		return;
	if (reader->pid)
		kit_reader_stop(reader, SIGKILL);
	for (link = &reader->kit->readers; *link != reader; link = &(*link)->next)
		;
	*link = reader->next;
	close(reader->out);
	close(reader->err);
	free(reader);
}

/* ---- figures ---- */

unsigned int kit_cpus(void)
{
	int cpus = libbpf_num_possible_cpus();

	cr_assert(cpus > 0);
	return cpus;
}

static int map_open(struct kit *kit, const char *module, const char *dir, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s%s", kit->pins, module, dir, name);
	fd = bpf_obj_get(path);
	cr_assert(fd >= 0, "%s: %s", path, strerror(errno));
	return fd;
}

static void account_add(struct kit_account *sum, const struct pulsar_counters *c,
			const struct pulsar_position *p)
{
	const struct pulsar_progress *at = &p->copy[p->current & 1];

	sum->produced += c->produced;
	sum->filtered += c->filtered;
	sum->base += p->base_seq;
	sum->accounted += at->next_seq ? at->next_seq - 1 : 0;
	sum->delivered += at->delivered;
	sum->unsettled += at->unsettled;
	for (int cause = 0; cause < PULSAR_LOST_CAUSES; cause++)
		sum->lost += at->lost[cause];
}

struct kit_account kit_account(struct kit *kit, const char *module, const char *subscription,
			       int cpu)
{
	unsigned int cpus = kit_cpus();
	struct pulsar_counters *counters = calloc(cpus, sizeof(*counters));
	int counters_fd = map_open(kit, module, "", "counters");
	int positions_fd = map_open(kit, module, "subscriptions/", subscription);
	struct kit_account sum = { 0 };
	__u32 zero = 0;

	cr_assert(counters && !bpf_map_lookup_elem(counters_fd, &zero, counters));
	for (__u32 c = 0; c < cpus; c++) {
		struct pulsar_position position;

		if (cpu >= 0 && (__u32)cpu != c)
			continue;
		cr_assert(!bpf_map_lookup_elem(positions_fd, &c, &position));
		account_add(&sum, &counters[c], &position);
	}
	close(counters_fd);
	close(positions_fd);
	free(counters);
	return sum;
}

struct caught_up {
	struct kit *kit;
	const char *module, *subscription;
	int cpu;
	unsigned long long produced;
};

static bool is_caught_up(void *arg)
{
	struct caught_up *want = arg;
	struct kit_account a = kit_account(want->kit, want->module, want->subscription, want->cpu);

	return a.accounted >= want->produced && !a.unsettled;
}

/* What a reader that does not catch up has to say for itself, and loaderd of it. */
static void print_readers(struct kit *kit)
{
	for (const struct kit_reader *r = kit->readers; r; r = r->next) {
		siginfo_t end = { 0 };

		if (r->pid)
			waitid(P_PID, r->pid, &end, WEXITED | WNOHANG | WNOWAIT);
		fprintf(stderr, "reader %d %s: %s\n", r->pid,
			r->pid && !end.si_pid ? "runs" : "has ended", kit_reader_log(r));
	}
	fprintf(stderr, "loaderd: %s\n", kit_log(kit));
}

static void expect_caught_up(struct caught_up *want)
{
	struct kit_account a;

	if (waited_for(is_caught_up, want))
		return;
	print_readers(want->kit);
	a = kit_account(want->kit, want->module, want->subscription, want->cpu);
	cr_assert_fail("the reader of %s did not catch up with %llu on CPU %d: accounted for %llu, "
		       "%llu delivered, %llu lost, %lld unsettled; %llu produced, base %llu",
		       want->module, want->produced, want->cpu, a.accounted, a.delivered, a.lost,
		       a.unsettled, a.produced, a.base);
}

void kit_caught_up(struct kit *kit, const char *module, const char *subscription)
{
	unsigned int cpus = kit_cpus();
	struct caught_up want[cpus];

	for (unsigned int c = 0; c < cpus; c++)
		want[c] = (struct caught_up){
			.kit = kit,
			.module = module,
			.subscription = subscription,
			.cpu = c,
			.produced = kit_account(kit, module, subscription, c).produced,
		};
	for (unsigned int c = 0; c < cpus; c++)
		expect_caught_up(&want[c]);
}
