/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Map `counters` of a module: what its programs counted.
 */
#ifndef LOADERD_COUNTERS_H
#define LOADERD_COUNTERS_H

struct cpus;
struct pulsar_counters;

/**
 * counters_read() - read all CPUs
 * @map: `counters`, with values of sizeof(struct pulsar_counters)
 * @possible: the possible CPUs
 * @counters: cpus_end(@possible) entries, by CPU
 *
 * Return: 0 or negative errno.
 */
int counters_read(int map, const struct cpus *possible, struct pulsar_counters *counters);

#endif
