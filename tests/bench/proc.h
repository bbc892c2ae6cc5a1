/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of a process: CPU time, memory, sleeps. */
#ifndef BENCH_PROC_H
#define BENCH_PROC_H

#include <stdint.h>
#include <sys/types.h>

/* CPU time of all its threads, those that have ended included; 0: it is gone. */
uint64_t proc_cpu_ns(pid_t pid);

/* Times that a thread of it went to sleep by itself. */
uint64_t proc_sleeps(pid_t pid);

/* Bytes. Rings are shared with the kernel, and their size is a setting: they do not count. */
struct proc_memory {
	uint64_t resident; /* without rings */
	uint64_t peak;	   /* since its start, without rings */
	uint64_t rings;	   /* mapped */
};

/* All zero: it is gone. */
struct proc_memory proc_memory(pid_t pid);

#endif
