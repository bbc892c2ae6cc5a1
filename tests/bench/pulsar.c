// SPDX-License-Identifier: Apache-2.0
/* Runs the programs under test as their users do: the reader without any privilege. */
#include "pulsar.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define READY_MS 30000

static void write_config(const struct bench *bench, const struct pulsar *p, const char *modules,
			 const char *config)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/pulsar.conf", bench->work);
	f = fopen(path, "we");
	if (!f)
		bench_die("%s: %s", path, strerror(errno));
	fprintf(f,
		"[loaderd]\nkeep_pins = no\nbpffs_traverse = yes\ngroup = nogroup\npin_root = %s\n"
		"socket = %s\nmodules = %s\n%s\n",
		p->pins, p->socket, modules, config ? config : "");
	fclose(f);
}

static int notify_open(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	unlink(path);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		bench_die("%s: %s", path, strerror(errno));
	return fd;
}

static void loaderd(const struct bench *bench, const struct pulsar *p, const char *notify)
{
	char exe[256], modules[256], config[128];
	int log = open(p->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	snprintf(exe, sizeof(exe), "%s/pulsar-loaderd", bench->build);
	snprintf(modules, sizeof(modules), "%s/bench/modules", bench->build);
	snprintf(config, sizeof(config), "%s/pulsar.conf", bench->work);
	setenv("NOTIFY_SOCKET", notify, 1);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	signal(SIGINT, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	execl(exe, "pulsar-loaderd", "--config", config, "--modules", modules, NULL);
	perror(exe);
	_exit(127);
}

static bool await_ready(struct pulsar *p, int notify)
{
	int pidfd = syscall(SYS_pidfd_open, p->pid, 0);
	struct pollfd wait[2] = { { .fd = notify, .events = POLLIN },
				  { .fd = pidfd, .events = POLLIN } };
	bool ready = false;
	char text[512];
	ssize_t n;

	while (!ready && poll(wait, 2, READY_MS) > 0) {
		if (!(wait[0].revents & POLLIN))
			break;
		n = recv(notify, text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = '\0';
		ready = strstr(text, "READY=1");
	}
	p->ready_ns = bench_now();
	close(pidfd);
	return ready;
}

/* The last line of the log. */
static void note_failure(struct pulsar *p)
{
	char line[256];
	FILE *f = fopen(p->log, "re");

	snprintf(p->failure, sizeof(p->failure), "loaderd did not get ready");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		snprintf(p->failure, sizeof(p->failure), "%.150s", line);
	}
	if (f)
		fclose(f);
}

bool pulsar_start(const struct bench *bench, struct pulsar *pulsar, const char *modules,
		  const char *config)
{
	struct pulsar *p = pulsar;
	char notify[100];
	int fd;

	memset(p, 0, sizeof(*p));
	snprintf(p->pins, sizeof(p->pins), "/sys/fs/bpf/pulsar-bench-%d", getpid());
	snprintf(p->socket, sizeof(p->socket), "%s/socket", bench->work);
	snprintf(p->log, sizeof(p->log), "%s/loaderd.log", bench->work);
	snprintf(p->reader, sizeof(p->reader), "%s/pulsar-reader", bench->build);
	snprintf(notify, sizeof(notify), "%s/notify", bench->work);
	write_config(bench, p, modules, config);
	fd = notify_open(notify);
	p->started_ns = bench_now();
	p->pid = fork();
	if (p->pid < 0)
		bench_die("cannot fork");
	if (!p->pid)
		loaderd(bench, p, notify);
	if (!await_ready(p, fd)) {
		process_stop(p->pid, SIGKILL);
		p->pid = 0;
		note_failure(p);
	}
	close(fd);
	return p->pid;
}

void pulsar_stop(struct pulsar *pulsar)
{
	if (pulsar->pid)
		process_stop(pulsar->pid, SIGTERM);
	pulsar->pid = 0;
}

void pulsar_read(const struct bench *bench, const struct pulsar *pulsar, struct tool *tool,
		 const char *module, const char *subscription, bool late)
{
	const char *argv[] = { pulsar->reader,
			       "--pin-root",
			       pulsar->pins,
			       "--socket",
			       pulsar->socket,
			       "--subscription",
			       subscription ? subscription : "default",
			       module,
			       NULL };

	tool_start(bench, tool,
		   &(struct tool_spec){ .name = "pulsar-reader",
					.argv = argv,
					.nobody = true,
					.late = late,
					.helper = pulsar->pid });
}

void pulsar_counters(const struct pulsar *pulsar, const char *module,
		     struct pulsar_counters *counters)
{
	int cpus = libbpf_num_possible_cpus();
	struct pulsar_counters *all = calloc(cpus, sizeof(*all));
	__u32 zero = 0;
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/%s/counters", pulsar->pins, module);
	fd = bpf_obj_get(path);
	if (fd < 0 || !all || bpf_map_lookup_elem(fd, &zero, all))
		bench_die("%s: %s", path, strerror(errno));
	close(fd);
	memset(counters, 0, sizeof(*counters));
	for (int cpu = 0; cpu < cpus; cpu++)
		for (size_t i = 0; i < sizeof(*counters) / sizeof(__u64); i++)
			((__u64 *)counters)[i] += ((__u64 *)&all[cpu])[i];
	free(all);
}

uint64_t pulsar_lost(const struct pulsar_counters *counters, unsigned int slot)
{
	const struct pulsar_losses *lost = &counters->lost[slot];

	return lost->ring_full + lost->no_ring + lost->busy + lost->other;
}

bool pulsar_await_lines(struct tool *tool, uint64_t lines)
{
	for (unsigned int ms = 0; ms < 10000; ms++) {
		if (tool->drain.counts->lines >= lines)
			return true;
		if (!tool_runs(tool))
			return false;
		bench_sleep_ms(1);
	}
	return false;
}
