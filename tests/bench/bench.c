// SPDX-License-Identifier: Apache-2.0
/*
 * The benchmark: bench BUILD [SECTION...]. All sections if none is named.
 * Environment: BENCH=full for more and longer runs; BENCH_JSON=FILE for the
 * results as lines of JSON, too; BENCH_LOAD=open for one load only; BENCH_WAIT=no on a machine that is never idle: runs
 * that others disturb count as well.
 */
#include "bench.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name;
	void (*run)(struct bench *bench);
} sections[] = {
	{ "peers", section_peers },	{ "programs", section_programs },
	{ "rates", section_rates },	{ "lines", section_lines },
	{ "latency", section_latency }, { "idle", section_idle },
	{ "start", section_start },	{ "subscriptions", section_subscriptions },
	{ "filters", section_filters }, { "memory", section_memory },
};

#define SECTIONS (sizeof(sections) / sizeof(*sections))

/* Where peers look for tracepoints. */
#define TRACEFS "/sys/kernel/tracing"

static struct bench bench;
static pid_t worker;
static bool tracefs_mounted;

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *where)
{
	(void)st;
	(void)flag;
	(void)where;
	return remove(path);
}

static void clean_up(void)
{
	if (*bench.work)
		nftw(bench.work, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	if (tracefs_mounted)
		umount2(TRACEFS, MNT_DETACH);
}

static void need_tracefs(void)
{
	if (!access(TRACEFS "/events", F_OK))
		return;
	if (mount("tracefs", TRACEFS, "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		bench_die(TRACEFS ": %s", strerror(errno));
	tracefs_mounted = true;
}

static void stopped(int signal)
{
	(void)signal;
	kill(worker, SIGKILL);
}

static void set_up(const char *build)
{
	const char *full = getenv("BENCH"), *json = getenv("BENCH_JSON");
	const char *wait = getenv("BENCH_WAIT");

	bench.build = build;
	bench.full = full && !strcmp(full, "full");
	bench.cpus = sysconf(_SC_NPROCESSORS_ONLN);
	bench.rounds = bench.full ? 9 : 3;
	bench.ms = bench.full ? 1000 : 300;
	bench.wait = !wait || strcmp(wait, "no");
	if (json && *json) {
		bench.json = fopen(json, "we");
		if (!bench.json)
			bench_die("%s: %s", json, strerror(errno));
	}
	/* What a disk does would drown what a tracer does. */
	strcpy(bench.work, access("/dev/shm", W_OK) ? "/tmp/pulsar-bench-XXXXXX"
						    : "/dev/shm/pulsar-bench-XXXXXX");
	if (!mkdtemp(bench.work) || chmod(bench.work, 0755))
		bench_die("%s: %s", bench.work, strerror(errno));
	need_tracefs();
}

static void say_where(void)
{
	struct utsname name;
	double load[3] = { 0 };

	uname(&name);
	getloadavg(load, 3);
	printf("%s %s, %u CPUs, load average before %.2f %.2f\n", name.sysname, name.release,
	       bench.cpus, load[0], load[1]);
	bench_json(&bench, "machine", "\"kernel\":\"%s\",\"cpus\":%u,\"load\":%.2f,\"full\":%s",
		   name.release, bench.cpus, load[0], bench.full ? "true" : "false");
}

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc <= 2;
}

static int work(int argc, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	say_where();
	for (size_t i = 0; i < SECTIONS; i++)
		if (wanted(sections[i].name, argc, argv))
			sections[i].run(&bench);
	return 0;
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc < 2 || geteuid()) {
		fprintf(stderr, "usage: bench BUILD [SECTION...], as root\n");
		return 2;
	}
	set_up(argv[1]);
	worker = fork();
	if (!worker)
		return work(argc, argv);
	/* Whatever the worker has started ends with it, but somebody has to clean up. */
	signal(SIGINT, stopped);
	signal(SIGTERM, stopped);
	while (waitpid(worker, &status, 0) < 0 && errno == EINTR)
		;
	clean_up();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
