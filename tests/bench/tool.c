// SPDX-License-Identifier: Apache-2.0
/* Starts and ends tools. */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc.h"

#define NOBODY	    65534
#define SETTLE_MS   150
#define SETTLE_MAX  40 /* times SETTLE_MS */
#define STOP_MAX_MS 5000

static void become_nobody(void)
{
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		_exit(126);
}

static void child(const struct tool_spec *spec, int out, int log)
{
	/* Opened before: nobody need not be able to reach the folder. */
	int exe = spec->nobody ? open(spec->argv[0], O_RDONLY | O_CLOEXEC) : -1;

	dup2(out, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	signal(SIGINT, SIG_DFL);
	if (spec->nobody)
		become_nobody();
	/* After the change of user, which resets it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (exe >= 0)
		fexecve(exe, (char *const *)spec->argv, environ);
	else
		execvp(spec->argv[0], (char *const *)spec->argv);
	dprintf(STDERR_FILENO, "%s\n", strerror(errno));
	_exit(127);
}

void tool_start(const struct bench *bench, struct tool *tool, const struct tool_spec *spec)
{
	int pipes[2], log;

	memset(tool, 0, sizeof(*tool));
	snprintf(tool->log, sizeof(tool->log), "%s/tool.log", bench->work);
	log = open(tool->log, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (log < 0 || pipe2(pipes, O_CLOEXEC))
		bench_die("%s: %s", spec->name, strerror(errno));
	tool->helper = spec->helper;
	tool->pid = fork();
	if (tool->pid < 0)
		bench_die("cannot fork");
	if (!tool->pid)
		child(spec, pipes[1], log);
	close(log);
	close(pipes[1]);
	drain_start(&tool->drain, pipes[0], spec->late);
}

/* The first line that names an error, or else the last one. */
static void note_failure(struct tool *tool, int status)
{
	char line[256] = "", last[sizeof(tool->failure)] = "";
	FILE *f = fopen(tool->log, "re");

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line)
			snprintf(last, sizeof(last), "%.150s", line);
		if (strstr(line, "failed to") || strstr(line, "rror"))
			break;
	}
	if (f)
		fclose(f);
	if (*last)
		snprintf(tool->failure, sizeof(tool->failure), "%s", last);
	else
		snprintf(tool->failure, sizeof(tool->failure), "ended with status %d",
			 WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}

bool tool_runs(struct tool *tool)
{
	int status;

	if (tool->pid && waitpid(tool->pid, &status, WNOHANG) == tool->pid) {
		tool->pid = 0;
		note_failure(tool, status);
	}
	return tool->pid;
}

void tool_settle(const struct tool *tool)
{
	uint64_t bytes = ~0ull, cpu = 0;

	for (unsigned int i = 0; i < SETTLE_MAX; i++) {
		uint64_t used = tool_cpu_ns(tool);

		/* Neither output nor work: below 2 % of a CPU. */
		if (tool->drain.counts->bytes == bytes && used - cpu < SETTLE_MS * 20000ull)
			return;
		bytes = tool->drain.counts->bytes;
		cpu = used;
		bench_sleep_ms(SETTLE_MS);
	}
}

uint64_t tool_cpu_ns(const struct tool *tool)
{
	return proc_cpu_ns(tool->pid) + (tool->helper ? proc_cpu_ns(tool->helper) : 0);
}

void process_stop(pid_t pid, int signal)
{
	unsigned int ms = 0;

	kill(pid, signal);
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		if (ms++ == STOP_MAX_MS)
			kill(pid, SIGKILL);
		bench_sleep_ms(1);
	}
}

void tool_stop(struct tool *tool, struct drain_counts *counts)
{
	if (tool->pid)
		process_stop(tool->pid, SIGINT);
	tool->pid = 0;
	drain_end(&tool->drain, counts);
}
