/* SPDX-License-Identifier: Apache-2.0 */
/* Programs and maps that were loaded since a moment, and what the kernel counts of them. */
#ifndef BENCH_BPFSTATS_H
#define BENCH_BPFSTATS_H

#include <stdint.h>

struct bpfstats_program {
	char name[16];
	uint64_t runs;
	uint64_t ns;
};

struct bpfstats_map {
	char name[16];
	uint64_t bytes;
};

struct bpfstats_mark {
	uint32_t program; /* highest ids at that time */
	uint32_t map;
};

/* Whatever is loaded from now on is what the functions below see. */
void bpfstats_mark(struct bpfstats_mark *mark);

/**
 * bpfstats_programs() - programs loaded since, and their runs while counting was on
 * @mark: the moment
 * @programs: out, those with the most time first
 * @max: room
 *
 * Return: how many, at most @max.
 */
unsigned int bpfstats_programs(const struct bpfstats_mark *mark, struct bpfstats_program *programs,
			       unsigned int max);

/* The same for maps and the memory that they hold, the largest first. */
unsigned int bpfstats_maps(const struct bpfstats_mark *mark, struct bpfstats_map *maps,
			   unsigned int max);

/* Counts as long as the descriptor that it returns is open. */
int bpfstats_count(void);

#endif
