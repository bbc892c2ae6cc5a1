/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The last resort of a hook: the exits of system calls, which a kernel without
 * kprobes and fentry has as well. Their arguments are still in the registers that
 * the process entered the kernel with.
 *
 * What does not come by a system call of this architecture is not seen here: io_uring
 * (sysctl kernel.io_uring_disabled), and the calls of 32-bit programs on a 64-bit
 * kernel.
 */
#ifndef PULSAR_CALLS_BPF_H
#define PULSAR_CALLS_BPF_H

#include "join.bpf.h"

/* The program of a hook's variant tp at the exit of a system call. */
#define PULSAR_EXIT(hook, call)            \
	SEC("tp/syscalls/sys_exit_" #call) \
	int hook##__tp__##call(struct trace_event_raw_sys_exit *ctx)

/* The same for a call that only the oldest architectures have; others have its ...at() alone. */
#ifdef __TARGET_ARCH_x86
#define PULSAR_EXIT_OLD PULSAR_EXIT
#else
#define PULSAR_EXIT_OLD(hook, call) \
	static __attribute__((unused)) int hook##__tp__##call(struct trace_event_raw_sys_exit *ctx)
#endif

/*
 * The programs at the exits of open() and its like; emit(ctx, file) makes the event, if it is one.
 */
#define PULSAR_OPEN_EXITS(hook, emit)                        \
	PULSAR_OPEN_EXIT(PULSAR_EXIT_OLD(hook, open), emit)  \
	PULSAR_OPEN_EXIT(PULSAR_EXIT_OLD(hook, creat), emit) \
	PULSAR_OPEN_EXIT(PULSAR_EXIT(hook, openat), emit)    \
	PULSAR_OPEN_EXIT(PULSAR_EXIT(hook, openat2), emit)

#define PULSAR_OPEN_EXIT(program, emit)                    \
	program                                            \
	{                                                  \
		struct file *file = pulsar_file(ctx->ret); \
                                                           \
		return file ? emit(ctx, file) : 0;         \
	}

#endif
