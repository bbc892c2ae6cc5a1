/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Position maps: one per subscription, one struct pulsar_position per CPU. The
 * reader writes it through a mapping of its own, so what loaderd reads from one
 * is a claim that can harm nobody but that subscription.
 */
#ifndef LOADERD_POSITION_H
#define LOADERD_POSITION_H

#include <linux/types.h>

struct pulsar_counters;

/*
 * A new position map, all zero, for CPUs below @cpus: a descriptor of the caller's, or
 * negative errno.
 */
int position_new(unsigned int cpus);

/*
 * Whether @fd is a position map for CPUs below @cpus: 0 and its map id in *@id, or
 * -EINVAL, or another negative errno.
 */
int position_check(int fd, unsigned int cpus, __u32 *id);

/**
 * position_begin() - note where a subscription begins on one CPU
 * @counters: of that CPU: events up to counters.produced do not belong to it
 * @slot: whose losses up to here do not belong to it
 * @ring_id: 0: the CPU has no ring yet
 *
 * Return: 0 or negative errno.
 */
int position_begin(int fd, unsigned int cpu, const struct pulsar_counters *counters,
		   unsigned int slot, __u64 ring_id);

/* Whether position_begin() was done for @cpu: 1, 0, or negative errno. */
int position_begun(int fd, unsigned int cpu);

#endif
