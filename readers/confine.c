// SPDX-License-Identifier: Apache-2.0
/* Capabilities, no_new_privs, seccomp. */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/capability.h>

#include "derive/elf.h"

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	/* Ambient ones go with the permitted ones: capabilities(7). */
	return syscall(SYS_capset, &header, none) ? -errno : 0;
}

/* System calls that are harmless whatever their arguments are, with what is open. */
static const int allowed[] = {
	/* lines, the end, messages */
	SCMP_SYS(write),
	SCMP_SYS(read),
	SCMP_SYS(close),
	SCMP_SYS(connect),
	SCMP_SYS(sendmsg),
	SCMP_SYS(recvmsg),
	/* sleep */
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(futex),
	SCMP_SYS(membarrier),
	/* clocks, where the vDSO has none */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	/* memory */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	/* signals */
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(alarm),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(setitimer),
	SCMP_SYS(getpid),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	/* what libraries look at, and pin/ to see whose a pin is */
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(lstat),
	SCMP_SYS(stat),
	SCMP_SYS(statx),
	SCMP_SYS(statfs),
	SCMP_SYS(fstatfs),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(getrandom),
	SCMP_SYS(lseek),
};

/* System calls of which only some are harmless: those with (argument & mask) == value. */
static const struct {
	int call;
	unsigned int argument;
	unsigned int mask;
	unsigned int value;
} allowed_if[] = {
	/* to open the pin of a map, to see which map it is, and to read it */
	{ SCMP_SYS(bpf), 0, ~0u, BPF_OBJ_GET },
	{ SCMP_SYS(bpf), 0, ~0u, BPF_OBJ_GET_INFO_BY_FD },
	{ SCMP_SYS(bpf), 0, ~0u, BPF_MAP_LOOKUP_ELEM },
	{ SCMP_SYS(bpf), 0, ~0u, BPF_MAP_LOOKUP_BATCH },
	/* directories on the way to a pin: O_PATH gives no right to read */
	{ SCMP_SYS(openat), 2, O_PATH, O_PATH },
	/* rings, positions, memory */
	{ SCMP_SYS(mmap), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mprotect), 2, PROT_EXEC, 0 },
};

/* loaderd's kind of socket, which hardly anybody else has. */
static int filter_socket(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
				SCMP_CMP(0, SCMP_CMP_MASKED_EQ, ~0u, AF_UNIX),
				SCMP_CMP(1, SCMP_CMP_MASKED_EQ, ~0u,
					 SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK));
}

/* Whatever the file is, it is opened without waiting and without a right to write. */
static int filter_look(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				SCMP_CMP(2, SCMP_CMP_MASKED_EQ, ~0u, ELF_OPEN_FLAGS));
}

static int filter_fill(scmp_filter_ctx filter)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed) && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < sizeof(allowed_if) / sizeof(*allowed_if) && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_if[i].call, 1,
				       SCMP_CMP(allowed_if[i].argument, SCMP_CMP_MASKED_EQ,
						allowed_if[i].mask, allowed_if[i].value));
	return err;
}

static int filter_calls(bool look)
{
	scmp_filter_ctx filter;
	int err;

	/* Not a kill: a library that tries something newer first would take the reader with it. */
	filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!filter)
		return -ENOMEM;
	err = filter_fill(filter);
	if (!err)
		err = filter_socket(filter);
	if (!err && look)
		err = filter_look(filter);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

int confine(bool look)
{
	int err;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	err = drop_capabilities();
	if (err)
		return err;
	return filter_calls(look);
}
