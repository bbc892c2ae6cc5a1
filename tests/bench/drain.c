// SPDX-License-Identifier: Apache-2.0
/* Reads a pipe to its end, counts lines. */
#include "drain.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define CHUNK	(256 * 1024)
#define DAY_NS	(86400 * 1000000000ull)
#define MARK	"bench-load"
#define LOST	"\"event\":\"Lost\""
#define TIME	"\"time\":\""
#define TIME_AT 11 /* of the hours, in 2026-11-22T15:04:05.123456789Z */

static unsigned int bucket_of(uint64_t ns)
{
	unsigned int power = ns < 32 ? 0 : 63 - __builtin_clzll(ns) - 4;

	return ns < 32 ? ns : power * 32 + ((ns >> (power - 1)) & 31);
}

static double bucket_ns(unsigned int bucket)
{
	unsigned int power = bucket / 32;

	return power ? (double)((32ull + bucket % 32) << (power - 1)) : bucket;
}

static unsigned int digits(const char *s, unsigned int count)
{
	unsigned int number = 0;

	while (count--)
		number = number * 10 + (*s++ - '0');
	return number;
}

/* How late a line is, by its time of day; the date is left out. */
static void note_late(struct drain_counts *counts, const char *line, const char *end,
		      uint64_t day_ns)
{
	const char *at = memmem(line, end - line, TIME, sizeof(TIME) - 1);
	uint64_t ns;

	if (!at || end - at < 64)
		return;
	at += sizeof(TIME) - 1 + TIME_AT;
	ns = (digits(at, 2) * 3600ull + digits(at + 3, 2) * 60 + digits(at + 6, 2)) * 1000000000 +
	     digits(at + 9, 9);
	ns = (day_ns + DAY_NS - ns) % DAY_NS;
	counts->late[bucket_of(ns)]++;
	if (ns > counts->late_max_ns)
		counts->late_max_ns = ns;
}

static uint64_t day_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (t.tv_sec * 1000000000ull + t.tv_nsec) % DAY_NS;
}

static void take_line(struct drain_counts *counts, const char *line, const char *end, bool late,
		      uint64_t day_ns)
{
	counts->lines++;
	if (memmem(line, end - line, MARK, sizeof(MARK) - 1))
		counts->marked++;
	if (!late)
		return;
	if (memmem(line, end - line, LOST, sizeof(LOST) - 1))
		counts->lost++;
	else
		note_late(counts, line, end, day_ns);
}

/* Takes the whole lines of a buffer; returns the bytes of the rest. */
static size_t take_lines(struct drain_counts *counts, char *buffer, size_t len, bool late)
{
	uint64_t day_ns = late ? day_now() : 0;
	char *line = buffer, *end;

	while ((end = memchr(line, '\n', buffer + len - line))) {
		take_line(counts, line, end, late, day_ns);
		line = end + 1;
	}
	len -= line - buffer;
	memmove(buffer, line, len);
	return len;
}

static void drain(struct drain_counts *counts, int fd, bool late)
{
	static char buffer[2 * CHUNK];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, buffer + len, CHUNK)) > 0) {
		if (!counts->first_ns)
			counts->first_ns = bench_now();
		counts->bytes += n;
		len = take_lines(counts, buffer, len + n, late);
		/* No line: perf's own format. */
		if (len > CHUNK)
			len = 0;
	}
	_exit(0);
}

void drain_start(struct drain *drain_, int fd, bool late)
{
	struct drain_counts *counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
					   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (counts == MAP_FAILED)
		bench_die("no memory");
	pid = fork();
	if (pid < 0)
		bench_die("cannot fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		drain(counts, fd, late);
	}
	close(fd);
	*drain_ = (struct drain){ .pid = pid, .counts = counts };
}

void drain_end(struct drain *drain_, struct drain_counts *counts)
{
	waitpid(drain_->pid, NULL, 0);
	*counts = *drain_->counts;
	munmap(drain_->counts, sizeof(*drain_->counts));
	*drain_ = (struct drain){ 0 };
}

double drain_late(const struct drain_counts *counts, double share)
{
	uint64_t all = 0, sum = 0;

	for (unsigned int i = 0; i < DRAIN_BUCKETS; i++)
		all += counts->late[i];
	for (unsigned int i = 0; i < DRAIN_BUCKETS; i++) {
		sum += counts->late[i];
		if (sum && sum >= all * share)
			return bucket_ns(i);
	}
	return 0;
}
