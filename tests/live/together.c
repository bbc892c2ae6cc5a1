/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All modules at once under a mixed storm: each accounts for all that it produced, and
 * neither loaderd nor the readers grow. PULSAR_TEST_STORM_SECONDS says how long (10).
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pulsar-test.h"

static const char *const modules[] = { "file-created", "file-system-monitor", "network-monitor",
				       "process-monitor", "syscall-monitor" };
#define MODULES (sizeof(modules) / sizeof(modules[0]))

/* ---- the storm ---- */

static void storm_of_files(const char *folder)
{
	char path[128], other[128];

	snprintf(path, sizeof(path), "%s/together-%d", folder, getpid());
	snprintf(other, sizeof(other), "%s/other-%d", folder, getpid());
	for (;;) {
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		rename(path, other);
		unlink(other);
	}
}

static void storm_of_processes(const char *folder)
{
	(void)folder;
	for (;;) {
		pid_t pid = fork();

		if (!pid) {
			execl("/bin/true", "true", "with", "arguments", NULL);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
	}
}

static void storm_of_connections(const char *folder)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct linger reset = { .l_onoff = 1 }; /* no TIME_WAIT to run out of ports */
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)folder;
	if (bind(listener, (struct sockaddr *)&at, len) || listen(listener, 16) ||
	    getsockname(listener, (struct sockaddr *)&at, &len))
		_exit(1);
	for (;;) {
		int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), server;

		if (connect(client, (struct sockaddr *)&at, len))
			_exit(1);
		server = accept(listener, NULL, NULL);
		send(client, "hello", 5, MSG_NOSIGNAL);
		recv(server, (char[8]){ 0 }, 8, 0);
		setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(client);
		close(server);
	}
}

static void (*const storms[])(const char *folder) = { storm_of_files, storm_of_processes,
						      storm_of_connections };
#define STORMS (sizeof(storms) / sizeof(storms[0]))

static pid_t storm_begin(void (*storm)(const char *folder), const char *folder)
{
	pid_t pid = fork();

	cr_assert(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	storm(folder);
	_exit(1);
}

/* ---- memory ---- */

/* Anonymous memory: what a process has for itself, rings and files apart. */
static unsigned long anonymous_kib(pid_t pid)
{
	char path[64], line[256];
	unsigned long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	cr_assert(f);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "RssAnon: %lu", &kib);
	fclose(f);
	return kib;
}

struct memory {
	unsigned long loaderd;
	unsigned long reader[MODULES];
};

static struct memory memory_of(struct kit *kit, struct kit_reader *const *readers)
{
	struct memory m = { .loaderd = anonymous_kib(kit_pid(kit)) };

	for (size_t i = 0; i < MODULES; i++)
		m.reader[i] = anonymous_kib(kit_reader_pid(readers[i]));
	return m;
}

/* All that a process has, pages of libraries that others have too included. */
static unsigned long resident_kib(pid_t pid)
{
	char path[64], line[256];
	unsigned long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	cr_assert(f);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "VmRSS: %lu", &kib);
	fclose(f);
	return kib;
}

/* Of a map or program, as its fdinfo says. */
struct footprint {
	unsigned int type, key_size, value_size, max_entries, flags;
	unsigned long long bytes;
};

static struct footprint footprint_read(int fd)
{
	struct footprint p = { 0 };
	char info[64], line[256];
	FILE *f;

	snprintf(info, sizeof(info), "/proc/self/fdinfo/%d", fd);
	f = fopen(info, "re");
	cr_assert(f);
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "map_type: %u", &p.type);
		sscanf(line, "key_size: %u", &p.key_size);
		sscanf(line, "value_size: %u", &p.value_size);
		sscanf(line, "max_entries: %u", &p.max_entries);
		sscanf(line, "map_flags: %i", (int *)&p.flags);
		sscanf(line, "memlock: %llu", &p.bytes);
	}
	fclose(f);
	return p;
}

static unsigned long long round_up(unsigned long long n, unsigned long long to)
{
	return (n + to - 1) / to * to;
}

static unsigned int entries_of(int fd, const struct footprint *p)
{
	char key[2][p->key_size];
	unsigned int n = 0;

	while (n < p->max_entries && !bpf_map_get_next_key(fd, n ? key[n & 1] : NULL, key[~n & 1]))
		n++;
	return n;
}

/*
 * Before 6.4 the kernel says of each map what it would take if it were full
 * (bpf_map_memory_footprint()). For a hash that is not preallocated this is what
 * htab_map_mem_usage() has said since.
 */
static unsigned long long footprint_bytes(int fd)
{
	struct footprint p = footprint_read(fd);
	unsigned long long full = round_up(p.key_size + p.value_size, 8) * p.max_entries, buckets;

	if (p.type != BPF_MAP_TYPE_HASH || !(p.flags & BPF_F_NO_PREALLOC) ||
	    p.bytes != round_up(full, (unsigned long long)getpagesize()))
		return p.bytes;
	for (buckets = 1; buckets < p.max_entries; buckets *= 2)
		;
	/* struct bucket; struct htab_elem and a struct llist_node, key, value */
	return buckets * 16 +
	       entries_of(fd, &p) * (48 + 8 + round_up(p.key_size, 8) + round_up(p.value_size, 8));
}

/* What the kernel has for the maps and programs that are pinned. */
static unsigned long long pinned_bytes;

static int add_pinned(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	int fd;

	(void)st;
	(void)ftw;
	if (type != FTW_F)
		return 0;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0;
	pinned_bytes += footprint_bytes(fd);
	close(fd);
	return 0;
}

/* What the sanitizer adds to each process is not Pulsar's. */
#ifdef __SANITIZE_ADDRESS__
#define ALL_MAX (640ull << 20)
#else
#define ALL_MAX (64ull << 20)
#endif

/* Everything together, with default settings: maps, rings of 1 MiB per module and CPU, processes. */
static void expect_little_memory(struct kit *kit, struct kit_reader *const *readers)
{
	unsigned long long rings = MODULES * kit_cpus() * ((1ull << 20) + getpagesize());
	unsigned long long processes = resident_kib(kit_pid(kit)) * 1024ull, all;

	for (size_t i = 0; i < MODULES; i++)
		processes += resident_kib(kit_reader_pid(readers[i])) * 1024ull;
	pinned_bytes = 0;
	cr_assert(!nftw(kit_pin_root(kit), add_pinned, 16, FTW_PHYS));
	all = pinned_bytes + rings + processes;
	printf("  memory on %u CPUs: maps %.1f MiB, rings %.1f MiB, loaderd and %zu readers %.1f "
	       "MiB: %.1f MiB\n",
	       kit_cpus(), pinned_bytes / 1048576.0, rings / 1048576.0, MODULES,
	       processes / 1048576.0, all / 1048576.0);
	if (kit_cpus() <= 2)
		cr_expect_lt(all, ALL_MAX);
}

/* ---- the test ---- */

static void expect_accounts(struct kit *kit)
{
	for (size_t i = 0; i < MODULES; i++) {
		struct kit_account a;

		kit_caught_up(kit, modules[i], "default");
		a = kit_account(kit, modules[i], "default", -1);
		printf("  %s: %llu accounted for = %llu delivered + %llu lost (%lld unsettled)\n",
		       modules[i], a.accounted - a.base, a.delivered, a.lost, a.unsettled);
		cr_expect_eq((long long)(a.accounted - a.base),
			     (long long)(a.delivered + a.lost) + a.unsettled);
		cr_expect_gt(a.delivered, 0);
	}
}

Test(together, all_modules_in_a_mixed_storm_are_exact_and_do_not_grow, .timeout = 900)
{
	const char *wanted = getenv("PULSAR_TEST_STORM_SECONDS");
	unsigned int seconds = wanted ? strtoul(wanted, NULL, 10) : 10;
	struct kit *kit = kit_new("file-created,file-system-monitor,network-monitor,"
				  "process-monitor,syscall-monitor",
				  NULL);
	struct kit_reader *readers[MODULES];
	struct memory early, late;
	pid_t storm[STORMS];

	kit_must_start(kit);
	for (size_t i = 0; i < MODULES; i++) {
		readers[i] = kit_read_quietly(kit, modules[i]);
		kit_attached(kit, modules[i], "default");
	}
	for (size_t i = 0; i < STORMS; i++)
		storm[i] = storm_begin(storms[i], kit_folder(kit));
	/* The duration is what is tested, so it is waited for. */
	sleep(seconds / 2);
	early = memory_of(kit, readers);
	sleep(seconds - seconds / 2);
	late = memory_of(kit, readers);
	for (size_t i = 0; i < STORMS; i++) {
		int status;

		kill(storm[i], SIGKILL);
		waitpid(storm[i], &status, 0);
		cr_expect(WIFSIGNALED(status), "storm %zu ended by itself", i);
	}
	expect_accounts(kit);
	expect_little_memory(kit, readers);
	printf("  %u s; loaderd: %lu KiB at half time, %lu KiB at the end\n", seconds,
	       early.loaderd, late.loaderd);
	cr_expect_leq(late.loaderd, early.loaderd + 256);
	for (size_t i = 0; i < MODULES; i++) {
		printf("  reader of %s: %lu KiB, %lu KiB\n", modules[i], early.reader[i],
		       late.reader[i]);
		cr_expect_leq(late.reader[i], early.reader[i] + 256);
		cr_expect_eq(kit_reader_stop(readers[i], SIGTERM), 0);
		kit_reader_free(readers[i]);
	}
	kit_free(kit);
}
