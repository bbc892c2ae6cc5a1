/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that a test starts, and waiting for what they do. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#define LIMIT_MS 60000

static void become_nobody(void)
{
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (setgroups(0, NULL) || setresgid(KIT_NOBODY, KIT_NOBODY, KIT_NOBODY) ||
	    setresuid(KIT_NOBODY, KIT_NOBODY, KIT_NOBODY) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		_exit(126);
}

static void enter_cgroup(const char *folder)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		_exit(126);
	close(fd);
}

static void child(const struct spawn *s, int exe, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (s->out >= 0)
		dup2(s->out, STDOUT_FILENO);
	if (s->err >= 0)
		dup2(s->err, STDERR_FILENO);
	for (size_t i = 0; s->env && s->env[i]; i++)
		putenv((char *)s->env[i]);
	if (s->cgroup)
		enter_cgroup(s->cgroup);
	if (s->nobody)
		become_nobody();
	/* After the change of user, which resets it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(126);
	/* By descriptor: nobody need not be able to reach the build folder. */
	fexecve(exe, (char *const *)s->argv, environ);
	_exit(127);
}

pid_t process_spawn(const struct spawn *spawn)
{
	int exe = open(spawn->path, O_RDONLY | O_CLOEXEC);
	pid_t parent = getpid(), pid;

	cr_assert(exe >= 0, "%s: %s", spawn->path, strerror(errno));
	pid = fork();
	cr_assert(pid >= 0, "fork: %s", strerror(errno));
	if (!pid)
		child(spawn, exe, parent);
	close(exe);
	return pid;
}

int process_wait(pid_t pid)
{
	int fd = syscall(SYS_pidfd_open, pid, 0);
	struct pollfd end = { .fd = fd, .events = POLLIN };
	int status, ready;

	cr_assert(fd >= 0, "pidfd_open %d: %s", pid, strerror(errno));
	ready = poll(&end, 1, LIMIT_MS);
	close(fd);
	if (ready != 1)
		kill(pid, SIGKILL);
	cr_assert(waitpid(pid, &status, 0) == pid);
	cr_assert(ready == 1, "process %d did not end", pid);
	return status;
}

char *program_run(enum kit_user user, const char *const *argv, int *status)
{
	int out = memfd_create("program-out", MFD_CLOEXEC);
	char *text;

	cr_assert(out >= 0);
	*status = process_wait(process_spawn(&(struct spawn){ .path = argv[0],
							      .argv = argv,
							      .out = out,
							      .err = out,
							      .nobody = user == KIT_NOBODY_USER }));
	text = file_text(out);
	close(out);
	return text;
}

char *file_text(int fd)
{
	struct stat st;
	char *text;
	ssize_t n;

	cr_assert(!fstat(fd, &st));
	text = malloc(st.st_size + 1);
	cr_assert(text);
	n = pread(fd, text, st.st_size, 0);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

bool waited_for(bool (*condition)(void *arg), void *arg)
{
	for (int ms = 0; ms < LIMIT_MS; ms += 2) {
		if (condition(arg))
			return true;
		poll(NULL, 0, 2); /* the pace of looking, not what makes it right */
	}
	return condition(arg);
}

void wait_until(bool (*condition)(void *arg), void *arg, const char *what)
{
	cr_assert(waited_for(condition, arg), "waited in vain: %s", what);
}
