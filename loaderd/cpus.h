/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of CPUs as sysfs writes them, "0-3,8".
 */
#ifndef LOADERD_CPUS_H
#define LOADERD_CPUS_H

#include <stdbool.h>

/*
 * More than any kernel has: NR_CPUS is at most 8192 (arch/x86/Kconfig,
 * NR_CPUS_RANGE_END, Linux 6.12).
 */
#define CPUS_MAX 8192

struct cpus {
	unsigned long bits[CPUS_MAX / (8 * sizeof(unsigned long))];
};

/**
 * cpus_parse() - read a list
 * @text: "0-3,8", perhaps with a newline; empty is an empty list
 *
 * Return: 0; -EINVAL not a list; -ERANGE a CPU beyond CPUS_MAX. *@cpus is set only on success.
 */
int cpus_parse(const char *text, struct cpus *cpus);

/*
 * Reads /sys/devices/system/cpu/@name, "possible" or "online": 0 or negative errno;
 * -ENODATA nothing in it.
 */
int cpus_read(const char *name, struct cpus *cpus);

bool cpus_has(const struct cpus *cpus, unsigned int cpu);

/* One more than the highest CPU: the size of a table that is indexed by CPU. */
unsigned int cpus_end(const struct cpus *cpus);

/* How many there are. Per-CPU maps have this many values, in the order of CPUs. */
unsigned int cpus_count(const struct cpus *cpus);

#endif
