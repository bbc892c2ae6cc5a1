/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's side of the accounting: map `counters`, one entry per CPU, read
 * with one system call for all.
 */
#ifndef READERS_COUNTERS_H
#define READERS_COUNTERS_H

#include <pulsar/event.h>

struct counters {
	int fd;
	unsigned int cpus;
	struct pulsar_counters *cpu;
};

/**
 * counters_init() - be ready to read a counters map
 * @counters: storage of the caller, released with counters_release()
 * @fd: of a PERCPU_ARRAY of struct pulsar_counters; closed by counters_release(), on failure too
 * @cpus: possible CPUs. The kernel writes a whole value for each, whatever room there is, so
 *	both have to be right
 *
 * Return: 0 or -ENOMEM.
 */
int counters_init(struct counters *counters, int fd, unsigned int cpus);

/**
 * counters_read() - what is counted now
 * @counters: its cpu[] is overwritten
 *
 * The numbers of one CPU are not of one moment: `produced` is read before the losses.
 *
 * Return: 0 or negative errno.
 */
int counters_read(struct counters *counters);

/* Closes the map; all zero but the descriptor is fine. */
void counters_release(struct counters *counters);

/**
 * cpus_possible() - how many CPUs the kernel is ready for
 *
 * Return: the number, or the negative errno of reading it.
 */
int cpus_possible(void);

/**
 * cpus_parse() - how many CPUs a list like "0-3" has
 * @list: as in /sys/devices/system/cpu/possible
 *
 * Return: the number, or -EINVAL if it is no range that begins with 0. The values
 * of a map lie without gaps, so with a hole in the range their CPUs would be unknown.
 */
int cpus_parse(const char *list);

#endif
