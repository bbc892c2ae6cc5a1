// SPDX-License-Identifier: Apache-2.0
/*
 * The seccomp filter. An allow list: what is not named fails with EPERM, which
 * the code at hand reports like any other error, rather than ending the daemon
 * because a library of another version does something new.
 *
 * Not in it, so out of reach for whoever takes over loaderd: other programs
 * (execve), other processes (ptrace, signals, process_vm_readv, pidfd_getfd), mounts and
 * namespaces, users and groups, kernel modules, io_uring, and sockets of any other
 * family than AF_UNIX.
 */
#include "filter.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* Allowed with any arguments. Names that an architecture does not have are passed over. */
static const char *const filter_calls[] = {
	/* what loaderd is for; bpf is below */
	"perf_event_open",
	/* the loop and the clients */
	"epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll",
	"eventfd2", "signalfd4", "timerfd_create", "timerfd_settime", "timerfd_gettime", "accept4",
	"accept", "bind", "listen", "connect", "getsockname", "getpeername", "getsockopt",
	"setsockopt", "sendmsg", "sendto", "recvmsg", "recvfrom", "shutdown",
	/* files: configuration, modules, tracefs, pins */
	"open", "openat", "close", "close_range", "read", "write", "readv", "writev", "pread64",
	"pwrite64", "lseek", "fstat", "stat", "lstat", "newfstatat", "statx", "fstatfs", "statfs",
	"access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents64", "getcwd",
	"fcntl", "flock", "dup", "dup2", "dup3", "pipe2", "mkdir", "mkdirat", "rmdir", "unlink",
	"unlinkat", "rename", "renameat", "renameat2", "chmod", "fchmod", "fchmodat", "chown",
	"fchown", "lchown", "fchownat", "umask", "memfd_create", "ftruncate",
	/* memory; mmap and mprotect are below */
	"brk", "munmap", "mremap", "madvise",
	/* threads, signals, time, and the process itself */
	"futex", "set_robust_list", "rseq", "exit", "exit_group", "rt_sigaction", "rt_sigprocmask",
	"rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "sigaltstack", "restart_syscall",
	"gettid", "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getgroups",
	"getrandom", "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep",
	"gettimeofday", "time", "sched_yield", "sched_getaffinity", "getcpu", "sysinfo", "uname",
	"getrlimit", "setrlimit", "getrusage", "prctl", "arch_prctl", "capget", "capset"
};

/* Allowed if one argument, masked, has a value. */
static const struct {
	const char *name;
	unsigned int arg;
	scmp_datum_t mask;
	scmp_datum_t value;
} filter_arguments[] = {
	/* sd_notify(3), and lookups of groups through nscd and the like. */
	{ "socket", 0, 0xffffffff, AF_UNIX },
	{ "socketpair", 0, 0xffffffff, AF_UNIX },
	/*
	 * Threads, not processes. clone3() hides its flags, so it is said not to exist; see
	 * below.
	 */
	{ "clone", 0, CLONE_THREAD, CLONE_THREAD },
	/* Whether a process lives, and no signal. */
	{ "kill", 1, 0xffffffff, 0 },
	/* Its own limits. */
	{ "prlimit64", 0, 0xffffffff, 0 },
	/* Perf events (their requests have the type '$'), and whether the log is a terminal. */
	{ "ioctl", 1, 0xff00, '$' << 8 },
	{ "ioctl", 1, 0xffffffff, TCGETS },
	/* Memory can be written or executed, not both. */
	{ "mmap", 2, PROT_WRITE, 0 },
	{ "mmap", 2, PROT_EXEC, 0 },
	{ "mprotect", 2, PROT_EXEC, 0 },
};

static int filter_rule(scmp_filter_ctx filter, uint32_t action, const char *name,
		       const struct scmp_arg_cmp *cmp)
{
	int call = seccomp_syscall_resolve_name(name);
	int err;

	if (call == __NR_SCMP_ERROR)
		return 0; /* newer than libseccomp */
	err = seccomp_rule_add_array(filter, action, call, cmp != NULL, cmp);
	return err == -EDOM ? 0 : err; /* not on this architecture */
}

static int filter_fill_arguments(scmp_filter_ctx filter)
{
	/* abort(3) */
	const struct scmp_arg_cmp self = { .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)getpid() };
	int err;

	for (size_t i = 0; i < sizeof(filter_arguments) / sizeof(filter_arguments[0]); i++) {
		const struct scmp_arg_cmp cmp =
			SCMP_CMP(filter_arguments[i].arg, SCMP_CMP_MASKED_EQ,
				 filter_arguments[i].mask, filter_arguments[i].value);

		err = filter_rule(filter, SCMP_ACT_ALLOW, filter_arguments[i].name, &cmp);
		if (err)
			return err;
	}
	return filter_rule(filter, SCMP_ACT_ALLOW, "tgkill", &self);
}

/*
 * Which modules of the kernel have BTF may be asked with CAP_SYS_ADMIN only. libbpf looks there for types
 * and functions that the kernel itself lacks. EPERM is to it the end of the load, ENOENT that of the list.
 */
static int filter_fill_bpf(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp other = {
		.op = SCMP_CMP_NE,
		.datum_a = BPF_BTF_GET_NEXT_ID,
	};
	const struct scmp_arg_cmp next =
		SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffff, BPF_BTF_GET_NEXT_ID);
	int err;

	err = filter_rule(filter, SCMP_ACT_ALLOW, "bpf", &other);
	return err ? err : filter_rule(filter, SCMP_ACT_ERRNO(ENOENT), "bpf", &next);
}

static int filter_fill(scmp_filter_ctx filter)
{
	int err;

	for (size_t i = 0; i < sizeof(filter_calls) / sizeof(filter_calls[0]); i++) {
		err = filter_rule(filter, SCMP_ACT_ALLOW, filter_calls[i], NULL);
		if (err)
			return err;
	}
	err = filter_fill_arguments(filter);
	if (!err)
		err = filter_fill_bpf(filter);
	if (err)
		return err;
	/* The C library takes this as "old kernel" and uses clone(). */
	return filter_rule(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", NULL);
}

int filter_load(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err;

	if (!filter)
		return -ENOMEM;
	/* no_new_privs is the caller's step; all threads, so that none of them is outside. */
	err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	if (!err)
		err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!err)
		err = filter_fill(filter);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
