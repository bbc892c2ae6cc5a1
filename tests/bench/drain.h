/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes what a tool prints, as `cat > /dev/null` would, and counts it. A process of its own, the same
 * for all tools, so that none waits for who reads its pipe more than another.
 */
#ifndef BENCH_DRAIN_H
#define BENCH_DRAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Every 32nd part of a power of two: exact to 3 %. */
#define DRAIN_BUCKETS (64 * 32)

struct drain_counts {
	uint64_t bytes;
	uint64_t lines;
	uint64_t marked;   /* lines about the load */
	uint64_t lost;	   /* lines of Pulsar that say that something was lost */
	uint64_t first_ns; /* CLOCK_MONOTONIC of the first byte; 0: none yet */
	/* From the time in a line's header to its arrival; where that was asked for. */
	uint64_t late_max_ns;
	uint64_t late[DRAIN_BUCKETS];
};

struct drain {
	pid_t pid;
	struct drain_counts *counts; /* shared: grows while one looks */
};

/**
 * drain_start() - begin to read
 * @drain: out, ended with drain_end()
 * @fd: the pipe; closed here
 * @late: take the time of each line
 */
void drain_start(struct drain *drain, int fd, bool late);

/* Waits until the pipe has no writer any more, and takes the final counts. */
void drain_end(struct drain *drain, struct drain_counts *counts);

/* The time that a share of all lines did not exceed, in ns; `share` from 0 to 1. */
double drain_late(const struct drain_counts *counts, double share);

#endif
