// SPDX-License-Identifier: Apache-2.0
/* What is out of reach for a confined loaderd. Each try in a process of its own. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine.h"
#include "pin.h"

static int refused(long result)
{
	return result == -1 && errno == EPERM;
}

static long run_a_program(void)
{
	char *argv[] = { "true", NULL };

	return execve("/bin/true", argv, argv + 1);
}

static long kill_another(void)
{
	return kill(getppid(), SIGCONT);
}

static long kill_another_thread(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static long become_a_child(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static long trace_another(void)
{
	return ptrace(PTRACE_SEIZE, getppid(), 0, 0);
}

static long mount_something(void)
{
	return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static long unmount_something(void)
{
	return umount2("/proc", MNT_DETACH);
}

static long leave_the_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static long become_another_user(void)
{
	return setuid(65534);
}

static long reach_the_network(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long listen_to_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}

static long make_code(void)
{
	return (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long make_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long set_another_limit(void)
{
	struct rlimit limit;

	return prlimit(getppid(), RLIMIT_CORE, NULL, &limit);
}

static long type_into_the_terminal(void)
{
	return ioctl(0, 0x5412 /* TIOCSTI */, "x");
}

static const struct {
	const char *name;
	long (*part)(void);
} beyond[] = {
	{ "run a program", run_a_program },
	{ "kill another", kill_another },
	{ "kill another thread", kill_another_thread },
	{ "become a child", become_a_child },
	{ "trace another", trace_another },
	{ "mount something", mount_something },
	{ "unmount something", unmount_something },
	{ "leave the namespace", leave_the_namespace },
	{ "become another user", become_another_user },
	{ "reach the network", reach_the_network },
	{ "listen to netlink", listen_to_netlink },
	{ "make code", make_code },
	{ "make executable", make_executable },
	{ "set another limit", set_another_limit },
	{ "type into the terminal", type_into_the_terminal },
};

/* 0: it failed as it should. */
static int try_beyond(int row)
{
	struct pin_error error;
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (confine_self(&error))
			_exit(90);
		_exit(!refused(beyond[row].part()));
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return status;
}

Test(beyond, what_loaderd_never_does_is_out_of_reach)
{
	if (geteuid())
		cr_skip_test("needs root");
	for (int i = 0; i < (int)(sizeof(beyond) / sizeof(beyond[0])); i++)
		cr_expect_eq(try_beyond(i), 0, "%s", beyond[i].name);
}
