/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perf events of kprobes and tracepoints, for programs to be attached to. libbpf
 * does the same, but destroying its link disables the event, and not destroying it
 * leaks a descriptor; ours outlive the process by their pins.
 */
#ifndef LOADERD_PERF_H
#define LOADERD_PERF_H

#include <stdbool.h>

/**
 * perf_open_tracepoint() - the perf event of a tracepoint.
 * @name: "sched/sched_process_exec", as in tracefs.
 *
 * Return: a descriptor that the caller closes, or negative errno: -ENOENT there is
 * no such tracepoint, or tracefs is not mounted.
 */
int perf_open_tracepoint(const char *name);

/**
 * perf_open_kprobe() - the perf event of a kernel function.
 * @function: its name.
 * @at_return: when it returns rather than when it is entered.
 *
 * Return: a descriptor that the caller closes, or negative errno: -ENODEV this
 * kernel has no kprobes, -ENOENT no such function, -EINVAL it may not be probed.
 */
int perf_open_kprobe(const char *function, bool at_return);

/**
 * perf_attach() - attaches a loaded program to a perf event, and starts that.
 *
 * The link keeps the perf event: the caller may close @perf_fd.
 *
 * Return: the descriptor of a link, which the caller closes, or negative errno:
 * -EINVAL the kernel has no such links (before 5.15).
 */
int perf_attach(int program_fd, int perf_fd);

/** perf_kprobes_exist() - whether this kernel has kprobes as perf events. */
bool perf_kprobes_exist(void);

/** perf_tracepoint_exists() - whether tracefs knows a tracepoint. */
bool perf_tracepoint_exists(const char *name);

#endif
