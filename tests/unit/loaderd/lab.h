/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real kernel objects for the tests of rings, streams and the server: the maps
 * of a module, and a program of it that makes an event whenever it is run.
 */
#ifndef TESTS_LOADERD_LAB_H
#define TESTS_LOADERD_LAB_H

#include <stdbool.h>
#include <stddef.h>

#include <pulsar/event.h>

#include "pin.h"
#include "ring.h"
#include "stream.h"

#define LAB_RING_BYTES 65536

struct bpf_object;

struct lab {
	struct bpf_object *object;
	struct stream_maps maps;
	unsigned int cpus;
	int program;
};

/* Loads the module; skips the test if not root. */
void lab_init(struct lab *lab);
void lab_release(struct lab *lab);

/* A stream over it, with rings of LAB_RING_BYTES and without pins. */
struct stream *lab_stream(const struct lab *lab);

/* Makes `count` events on a CPU. */
void lab_emit(const struct lab *lab, unsigned int cpu, unsigned int count);
/* Makes events on a CPU until one is lost to the slot. */
void lab_emit_until_lost(const struct lab *lab, unsigned int cpu, unsigned int slot);

/* What the programs of one CPU counted. */
struct pulsar_counters lab_counters(const struct lab *lab, unsigned int cpu);
__u64 lab_lost(const struct pulsar_losses *losses);
/* An entry of a position map. */
struct pulsar_position lab_position(int map, unsigned int cpu);
void lab_set_waiting(int map, unsigned int cpu);
/* Bits of map control. */
__u32 lab_slots(const struct lab *lab);

/* The ring of a subscription of `stream` on a CPU, as status shows it. */
struct subscription_ring lab_ring(const struct stream *stream, const char *name, unsigned int cpu);
/* Another mapping of a ring, as a reader makes it. */
void *lab_map_ring(int fd, size_t bytes);
void lab_unmap_ring(void *base, size_t bytes);
/* Records with a seq above `after` in a mapped ring; *last: the highest seq. Consumes nothing. */
unsigned int lab_records(void *base, size_t bytes, __u64 after, __u64 *last);
/* Whether poll() on a ring says that there is something to read. */
bool lab_wakes(int fd);

/* Open descriptors of this process. */
unsigned int lab_fds(void);

#endif
