/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel tells of a module's pinned programs and maps. Takes root. */
#ifndef CTL_OBJECTS_H
#define CTL_OBJECTS_H

#include <stddef.h>

#include <linux/types.h>

struct pin_root;

struct object_program {
	char name[64];	   /* of its pin */
	__u64 run_time_ns; /* with run_count: 0 unless the kernel counts, kernel.bpf_stats_enabled */
	__u64 run_count;
	__u64 missed; /* runs that were left out, because the program ran already */
	__u64 memory_bytes;
};

struct object_map {
	char name[64]; /* of its pin: "maps/notes" */
	__u64 memory_bytes;
};

/* Zeroed is empty. */
struct objects {
	struct object_program *programs;
	size_t programs_count;
	struct object_map *maps;
	size_t maps_count;
};

/**
 * objects_read() - asks the kernel about a module; what cannot be had is left out.
 * @objects: empty; objects_release() in any case.
 *
 * Return: 0 or -ENOMEM.
 */
int objects_read(struct objects *objects, const struct pin_root *root, const char *module);

/** objects_release() - frees what is in it. */
void objects_release(struct objects *objects);

#endif
