/* SPDX-License-Identifier: Apache-2.0 */
/* The clocks, in nanoseconds. */
#ifndef READERS_NOW_H
#define READERS_NOW_H

#include <time.h>

#include <linux/types.h>

#define NSEC_PER_SEC  1000000000ull
#define NSEC_PER_MSEC 1000000ull

/* The time on a clock that never fails: CLOCK_MONOTONIC for waiting, CLOCK_BOOTTIME as in records. */
static inline __u64 now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (__u64)t.tv_sec * NSEC_PER_SEC + (__u64)t.tv_nsec;
}

#endif
