// SPDX-License-Identifier: Apache-2.0
/* Section memory: what all modules hold together, and where it is. */
#include <string.h>

#include "bpfstats.h"
#include "proc.h"
#include "pulsar.h"

#define MAPS_MAX    512
#define MODULES_MAX 16
#define MIB	    1048576.

static void print_maps(const struct bpfstats_map *maps, unsigned int count, uint64_t all)
{
	printf("%-24s%8.2f MiB in %u maps:", "maps", all / MIB, count);
	for (unsigned int i = 0; i < count && i < 6; i++)
		printf(" %s %.2f", maps[i].name, maps[i].bytes / MIB);
	putchar('\n');
}

static uint64_t read_modules(const struct bench *bench, const struct pulsar *pulsar, char *modules,
			     unsigned int *readers, uint64_t *peak)
{
	struct tool tools[MODULES_MAX];
	struct drain_counts counts;
	uint64_t resident = 0;
	char *rest, *name;

	*readers = 0;
	*peak = 0;
	for (name = strtok_r(modules, ", ", &rest); name && *readers < MODULES_MAX;
	     name = strtok_r(NULL, ", ", &rest))
		pulsar_read(bench, pulsar, &tools[(*readers)++], name, NULL, false);
	bench_sleep_ms(2000);
	for (unsigned int i = 0; i < *readers; i++) {
		struct proc_memory memory = proc_memory(tools[i].pid);

		resident += memory.resident;
		if (memory.peak > *peak)
			*peak = memory.peak;
	}
	for (unsigned int i = 0; i < *readers; i++)
		tool_stop(&tools[i], &counts);
	return resident;
}

void section_memory(struct bench *bench)
{
	static struct bpfstats_map maps[MAPS_MAX];
	uint64_t in_maps = 0, readers_resident, reader_peak;
	unsigned int count, readers;
	struct proc_memory loaderd;
	struct bpfstats_mark mark;
	struct pulsar pulsar;
	char modules[512];

	bench_modules(bench, modules, sizeof(modules));
	bench_section("memory of %s", modules);
	bpfstats_mark(&mark);
	if (!pulsar_start(bench, &pulsar, modules, NULL))
		bench_die("%s", pulsar.failure);
	readers_resident = read_modules(bench, &pulsar, modules, &readers, &reader_peak);
	loaderd = proc_memory(pulsar.pid);
	count = bpfstats_maps(&mark, maps, MAPS_MAX);
	pulsar_stop(&pulsar);
	for (unsigned int i = 0; i < count; i++)
		in_maps += maps[i].bytes;
	printf("%-24s%8.2f MiB: modules x subscriptions x CPUs x (size + a page)\n", "rings",
	       loaderd.rings / MIB);
	print_maps(maps, count, in_maps);
	printf("%-24s%8.2f MiB, at its peak %.2f\n", "loaderd", loaderd.resident / MIB,
	       loaderd.peak / MIB);
	printf("%-24s%8.2f MiB, the largest at its peak %.2f\n", "readers", readers_resident / MIB,
	       reader_peak / MIB);
	printf("%-24s%8.2f MiB\n", "all",
	       (loaderd.rings + in_maps + loaderd.resident + readers_resident) / MIB);
	bench_json(
		bench, "memory",
		"\"rings\":%lu,\"maps\":%lu,\"loaderd\":%lu,\"loaderd_peak\":%lu,\"readers\":%lu,"
		"\"readers_count\":%u,\"reader_peak\":%lu",
		loaderd.rings, in_maps, loaderd.resident, loaderd.peak, readers_resident, readers,
		reader_peak);
}
