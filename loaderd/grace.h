/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for the programs that run. */
#ifndef LOADERD_GRACE_H
#define LOADERD_GRACE_H

/**
 * grace_wait() - wait until every program that runs now has ended
 *
 * All that start later see what was written to any map before the call. The kernel
 * waits for a grace period after an update of an array of maps
 * (maybe_wait_bpf_programs(), kernel/bpf/syscall.c, Linux 4.18), so that user space may
 * rely on exactly this; the array is made for nothing else, at the first call, and kept.
 * membarrier(MEMBARRIER_CMD_GLOBAL) was ruled out: it fails with nohz_full and
 * does nothing with one CPU online, where programs can still be preempted.
 *
 * Return: 0 or negative errno.
 */
int grace_wait(void);

#endif
