// SPDX-License-Identifier: Apache-2.0
/* What all sections use: messages, time, medians, the load. */
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define QUIET_MS    100
#define QUIET_BUSY  0.1
#define QUIET_TRIES 50

void bench_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

void bench_section(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("\n== ", stdout);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	fflush(stdout);
}

void bench_json(const struct bench *bench, const char *section, const char *format, ...)
{
	va_list args;

	if (!bench->json)
		return;
	va_start(args, format);
	fprintf(bench->json, "{\"section\":\"%s\",", section);
	vfprintf(bench->json, format, args);
	fputs("}\n", bench->json);
	fflush(bench->json);
	va_end(args);
}

uint64_t bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

void bench_sleep_ms(unsigned int ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000l }, NULL);
}

/* ---- samples ---- */

void samples_add(struct samples *samples, double value)
{
	if (samples->count < BENCH_SAMPLES)
		samples->value[samples->count++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double samples_median(const struct samples *samples)
{
	struct samples sorted = *samples;
	unsigned int n = sorted.count;

	if (!n)
		return 0;
	qsort(sorted.value, n, sizeof(*sorted.value), compare);
	return (sorted.value[(n - 1) / 2] + sorted.value[n / 2]) / 2;
}

/* ---- the machine ---- */

struct ticks {
	uint64_t busy, all;
};

static void ticks_read(struct ticks *ticks)
{
	unsigned long long t[8] = { 0 };
	FILE *f = fopen("/proc/stat", "re");

	memset(ticks, 0, sizeof(*ticks));
	if (!f || fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2],
			 &t[3], &t[4], &t[5], &t[6], &t[7]) != 8)
		bench_die("/proc/stat: cannot read");
	fclose(f);
	for (unsigned int i = 0; i < 8; i++) {
		ticks->all += t[i];
		if (i != 3 && i != 4) /* idle, iowait */
			ticks->busy += t[i];
	}
}

static double ticks_busy(const struct ticks *from)
{
	struct ticks now;

	ticks_read(&now);
	return now.all > from->all ? (double)(now.busy - from->busy) / (now.all - from->all) : 0;
}

double bench_busy(unsigned int ms)
{
	struct ticks before;

	ticks_read(&before);
	bench_sleep_ms(ms);
	return ticks_busy(&before);
}

void bench_quiet(const struct bench *bench)
{
	if (!bench->wait)
		return;
	for (unsigned int i = 0; i < (bench->full ? 4 : 1) * QUIET_TRIES; i++)
		if (bench_busy(QUIET_MS) <= QUIET_BUSY)
			return;
}

/* ---- the load ---- */

static void load_exec(const struct bench *bench, int out, const char *const *argv)
{
	char exe[256];

	snprintf(exe, sizeof(exe), "%s/bench/bench-load", bench->build);
	dup2(out, STDOUT_FILENO);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	execv(exe, (char *const *)argv);
	perror(exe);
	_exit(127);
}

void load_run_for(const struct bench *bench, const char *kind, unsigned int processes,
		  unsigned int ms, double rate, struct load_result *result)
{
	char p[16], m[16], r[32], text[128] = "";
	const char *argv[] = { "bench-load", kind, p, m, bench->work, r, NULL };
	struct ticks before;
	int pipes[2], status;
	pid_t pid;

	snprintf(p, sizeof(p), "%u", processes);
	snprintf(m, sizeof(m), "%u", ms);
	snprintf(r, sizeof(r), "%.0f", rate);
	ticks_read(&before);
	if (pipe(pipes))
		bench_die("pipe: %s", strerror(errno));
	pid = fork();
	if (!pid)
		load_exec(bench, pipes[1], argv);
	close(pipes[1]);
	if (read(pipes[0], text, sizeof(text) - 1) <= 0 || waitpid(pid, &status, 0) != pid ||
	    sscanf(text, "%lf %lf %lu", &result->ns, &result->cpu_ns, &result->operations) != 3)
		bench_die("the load %s failed", kind);
	close(pipes[0]);
	result->busy = ticks_busy(&before);
}

void load_run(const struct bench *bench, const char *kind, unsigned int processes, double rate,
	      struct load_result *result)
{
	bench_quiet(bench);
	load_run_for(bench, kind, processes, bench->ms, rate, result);
}
