// SPDX-License-Identifier: Apache-2.0
/*
 * Load for benchmarks: bench-load KIND PROCESSES MS FOLDER [RATE]. Each process is pinned
 * to a CPU of its own, warms up for a fifth of the time and then works for MS
 * milliseconds. Prints, of one operation in ns: wall time, and the CPU time of the
 * load; and how many operations there were, the warm-up included.
 *
 *   create   create a file and unlink it
 *   open     open an existing file and close it
 *   exec     vfork, exec of a program that ends at once (this one), wait
 *   connect  connect to a listening socket on the loopback, accept, close both ends
 *   flood    events of module flood: bpf/flood.bpf.c; RATE per second, all processes together
 *
 * Whatever a tracer prints of it has "bench-load" in it: the name of the processes.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "flood.h"

#define PROCESSES_MAX 64

struct load {
	const struct kind *kind;
	const char *folder;
	unsigned int number; /* of the process */
	char path[4096];     /* of this program, or of the file that is opened */
	struct sockaddr_in listener;
	int listening;
	unsigned int burst; /* operations of one call of once() */
	uint64_t period_ns; /* flood: from one burst to the next; 0: no pause */
	uint64_t due_ns;
};

struct kind {
	const char *name;
	unsigned int batch; /* operations between two looks at the clock */
	void (*begin)(struct load *load);
	void (*once)(struct load *load);
};

struct result {
	uint64_t operations, all, wall_ns, cpu_ns;
};

/* What the processes share. */
struct board {
	unsigned int ready; /* processes that wait for the start */
	unsigned int go;
	struct result result[PROCESSES_MAX];
};

static void die(const char *what)
{
	perror(what);
	_exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Of this process and the children that it has waited for. */
static uint64_t cpu_time(void)
{
	struct rusage self, children;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	timeradd(&self.ru_utime, &self.ru_stime, &self.ru_utime);
	timeradd(&children.ru_utime, &children.ru_stime, &children.ru_utime);
	timeradd(&self.ru_utime, &children.ru_utime, &self.ru_utime);
	return self.ru_utime.tv_sec * 1000000000ull + self.ru_utime.tv_usec * 1000ull;
}

/* ---- kinds ---- */

static void begin_file(struct load *load)
{
	snprintf(load->path, sizeof(load->path), "%s/load-%u", load->folder, load->number);
	unlink(load->path); /* of a load that was ended in the middle */
}

static void begin_open(struct load *load)
{
	begin_file(load);
	close(open(load->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void do_create(struct load *load)
{
	int fd = open(load->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		die(load->path);
	close(fd);
	unlink(load->path);
}

static void do_open(struct load *load)
{
	int fd = open(load->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(load->path);
	close(fd);
}

static void begin_exec(struct load *load)
{
	ssize_t len = readlink("/proc/self/exe", load->path, sizeof(load->path) - 1);

	if (len < 0)
		die("/proc/self/exe");
	load->path[len] = '\0';
}

static void do_exec(struct load *load)
{
	char *argv[] = { "bench-load", NULL }, *env[] = { NULL };
	pid_t pid = vfork();

	if (pid < 0)
		die("vfork");
	if (!pid) {
		execve(load->path, argv, env);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

static void begin_connect(struct load *load)
{
	struct sockaddr_in *at = &load->listener;
	socklen_t len = sizeof(*at);

	load->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	*at = (struct sockaddr_in){ .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (load->listening < 0 || bind(load->listening, (struct sockaddr *)at, sizeof(*at)) ||
	    listen(load->listening, 4096) ||
	    getsockname(load->listening, (struct sockaddr *)at, &len))
		die("listen");
}

/* One process has both ends: what it costs to wake another one is not what is measured. */
static void do_connect(struct load *load)
{
	/* No TIME_WAIT, or the ports would run out. */
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;

	if (fd < 0 || connect(fd, (struct sockaddr *)&load->listener, sizeof(load->listener)))
		die("connect");
	peer = accept4(load->listening, NULL, NULL, SOCK_CLOEXEC);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	close(peer);
}

static void begin_flood(struct load *load)
{
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	load->due_ns = now();
}

static void do_flood(struct load *load)
{
	struct timespec due;

	flood(load->burst);
	if (!load->period_ns)
		return;
	load->due_ns += load->period_ns;
	due = (struct timespec){ load->due_ns / 1000000000, load->due_ns % 1000000000 };
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

static const struct kind kinds[] = {
	{ "create", 16, begin_file, do_create }, { "open", 64, begin_open, do_open },
	{ "exec", 1, begin_exec, do_exec },	 { "connect", 4, begin_connect, do_connect },
	{ "flood", 1, begin_flood, do_flood },
};

/* ---- the work ---- */

static uint64_t work(struct load *load, uint64_t end_ns)
{
	uint64_t operations = 0;

	do {
		for (unsigned int i = 0; i < load->kind->batch; i++)
			load->kind->once(load);
		operations += load->kind->batch * load->burst;
	} while (now() < end_ns);
	return operations;
}

static void pin(unsigned int number)
{
	cpu_set_t all, one;
	unsigned int count, cpu;

	sched_getaffinity(0, sizeof(all), &all);
	count = number % CPU_COUNT(&all);
	for (cpu = 0; !CPU_ISSET(cpu, &all) || count--; cpu++)
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void process(struct load *load, struct board *board, uint64_t time_ns)
{
	struct result *result = &board->result[load->number];
	uint64_t begin, cpu;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	pin(load->number);
	load->kind->begin(load);
	result->all = work(load, now() + time_ns / 5);
	__atomic_add_fetch(&board->ready, 1, __ATOMIC_ACQ_REL);
	while (!__atomic_load_n(&board->go, __ATOMIC_ACQUIRE))
		usleep(100);
	if (load->period_ns)
		load->due_ns = now();
	begin = now();
	cpu = cpu_time();
	result->operations = work(load, begin + time_ns);
	result->wall_ns = now() - begin;
	result->cpu_ns = cpu_time() - cpu;
	result->all += result->operations;
	_exit(0);
}

static int run(struct load *load, unsigned int processes, uint64_t time_ns)
{
	struct board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t wall = 0, cpu = 0, operations = 0, all = 0;
	int status, failed = 0;

	if (board == MAP_FAILED)
		die("mmap");
	for (load->number = 0; load->number < processes; load->number++)
		if (!fork())
			process(load, board, time_ns);
	while (__atomic_load_n(&board->ready, __ATOMIC_ACQUIRE) < processes)
		if (waitpid(-1, &status, WNOHANG) > 0)
			return 1;
		else
			usleep(1000);
	__atomic_store_n(&board->go, 1, __ATOMIC_RELEASE);
	for (unsigned int p = 0; p < processes; p++)
		failed |= wait(&status) < 0 || status;
	for (unsigned int p = 0; p < processes; p++) {
		wall += board->result[p].wall_ns;
		cpu += board->result[p].cpu_ns;
		operations += board->result[p].operations;
		all += board->result[p].all;
	}
	if (!failed)
		printf("%.1f %.1f %llu\n", (double)wall / operations, (double)cpu / operations,
		       (unsigned long long)all);
	return failed;
}

static void set_rate(struct load *load, unsigned int processes, double rate)
{
	load->burst = FLOOD_BURST;
	if (rate <= 0)
		return;
	/* Few at once, but not so few that the pauses are too short to be kept. */
	rate /= processes;
	if (load->burst > rate / 5000)
		load->burst = rate / 5000;
	if (!load->burst)
		load->burst = 1;
	load->period_ns = load->burst * 1e9 / rate;
}

int main(int argc, char **argv)
{
	const struct kind *kind = kinds, *end = kinds + sizeof(kinds) / sizeof(*kinds);
	unsigned int processes = argc > 2 ? atoi(argv[2]) : 0;
	static struct load load;

	if (argc == 1)
		return 0; /* the program that `exec` runs */
	while (kind < end && strcmp(argv[1], kind->name))
		kind++;
	if (argc < 5 || kind == end || !processes || processes > PROCESSES_MAX) {
		fprintf(stderr, "usage: bench-load create|open|exec|connect|flood PROCESSES MS "
				"FOLDER [RATE]\n");
		return 2;
	}
	load.kind = kind;
	load.folder = argv[4];
	load.burst = 1;
	if (kind->once == do_flood)
		set_rate(&load, processes, argc > 5 ? atof(argv[5]) : 0);
	return run(&load, processes, strtoull(argv[3], NULL, 10) * 1000000);
}
