// SPDX-License-Identifier: Apache-2.0
/* Map `counters` of a module. */
#include "counters.h"

#include <string.h>

#include <bpf/bpf.h>
#include <linux/types.h>

#include <pulsar/event.h>

#include "cpus.h"

/* The kernel rounds each value up to 8 bytes (bpf_percpu_array_copy(), kernel/bpf/arraymap.c). */
_Static_assert(sizeof(struct pulsar_counters) % 8 == 0, "values lie back to back");

int counters_read(int map, const struct cpus *possible, struct pulsar_counters *counters)
{
	unsigned int from = cpus_count(possible);
	__u32 zero = 0;
	int err;

	err = bpf_map_lookup_elem(map, &zero, counters);
	if (err)
		return err;
	/* One value per possible CPU, without gaps for numbers that no CPU has. */
	for (unsigned int cpu = cpus_end(possible); cpu--;)
		if (cpus_has(possible, cpu))
			memmove(&counters[cpu], &counters[--from], sizeof(counters[0]));
		else
			memset(&counters[cpu], 0, sizeof(counters[0]));
	return 0;
}
