// SPDX-License-Identifier: Apache-2.0
/* What a confined reader can still do, and what it cannot. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "confine.h"

/* Status of a child that is confined and then calls fn: criterion itself needs more than a reader. */
static int confined(int (*fn)(void))
{
	pid_t pid = fork();
	int status;

	cr_assert_geq(pid, 0);
	if (!pid)
		_exit(confine(false) ? 98 : fn());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* The number of the row that is not as it should be, or 0. */
static int refused(const int *results, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (results[i])
			return (int)i + 1;
	return 0;
}

/* 0 if a call failed as the filter makes it fail. */
static int is_refused(long result)
{
	return !(result == -1 && errno == EPERM);
}

static long bpf_call(int command)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	return syscall(SYS_bpf, command, &attr, sizeof(attr));
}

static int forbidden(void)
{
	char *const argv[] = { "true", NULL };
	const int results[] = {
		is_refused(open("/etc/passwd", O_RDONLY)),
		is_refused(open("/tmp/x", O_WRONLY | O_CREAT, 0600)),
		is_refused(execv("/bin/true", argv)),
		is_refused(fork()),
		is_refused(socket(AF_INET, SOCK_STREAM, 0)),
		is_refused(socket(AF_UNIX, SOCK_STREAM, 0)),
		is_refused(socket(AF_NETLINK, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
		is_refused(kill(getppid(), 0)),
		is_refused(syscall(SYS_ptrace, 0, 0, 0, 0)),
		is_refused(bpf_call(BPF_MAP_CREATE)),
		is_refused(bpf_call(BPF_MAP_UPDATE_ELEM)),
		is_refused(bpf_call(BPF_PROG_LOAD)),
		is_refused(bpf_call(BPF_OBJ_PIN)),
		is_refused(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				0) == MAP_FAILED
				   ? -1
				   : 0),
		is_refused(prctl(PR_SET_DUMPABLE, 1)),
		is_refused(unlink("/nonexistent")),
		is_refused(syscall(SYS_ioctl, 0, 0, 0)),
	};

	return refused(results, sizeof(results) / sizeof(*results));
}

Test(confine, everything_else_is_refused)
{
	cr_expect_eq(confined(forbidden), 0);
}

static int allowed(void)
{
	int pair = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	void *memory = malloc(4 * 1024 * 1024);
	const int results[] = {
		!memory,
		pair < 0,
		open("/sys/fs/bpf", O_PATH | O_DIRECTORY) < 0,
		/* There is nothing to be found, but it may be asked for. */
		!(bpf_call(BPF_MAP_LOOKUP_ELEM) == -1 && errno != EPERM),
		!(bpf_call(BPF_OBJ_GET) == -1 && errno != EPERM),
		write(STDOUT_FILENO, "", 0) != 0,
	};

	free(memory);
	return refused(results, sizeof(results) / sizeof(*results));
}

Test(confine, what_a_reader_needs_is_allowed)
{
	cr_expect_eq(confined(allowed), 0);
}
