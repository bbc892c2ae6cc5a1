// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a perf ring. The input: data_head and data_tail as 32 bits each, and
 * what is in the ring, which is repeated to fill it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include "ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

/* The control page and one page of data, in memory of just that size. */
static void fill(unsigned char *memory, size_t page, const uint8_t *data, size_t size)
{
	struct perf_event_mmap_page *control = (struct perf_event_mmap_page *)(void *)memory;
	uint32_t at[2] = { 0 };

	memset(memory, 0, 2 * page);
	memcpy(at, data, size < sizeof(at) ? size : sizeof(at));
	control->data_head = at[0];
	control->data_tail = at[1];
	if (size <= sizeof(at))
		return;
	data += sizeof(at);
	size -= sizeof(at);
	for (size_t i = 0; i < page; i++)
		memory[page + i] = data[i % size];
}

/* Reads the ring to its end as a reader does; returns how many records there were. */
static uint64_t walk(struct ring *ring)
{
	uint64_t records = 0;
	enum ring_state state;

	while ((state = ring_peek(ring)) == RING_RECORD) {
		void *record;

		must(ring->event.size >= sizeof(ring->event) && ring->event.size < RING_RECORD_MAX);
		must(ring->after > ring->at && ring->after <= ring->head);
		/* Just its size, so that a longer copy is noticed. */
		record = malloc(ring->event.size);
		must(record != NULL);
		ring_copy(ring, record);
		must(!memcmp(record, &ring->event, sizeof(ring->event)));
		free(record);
		ring_next(ring);
		must(++records <= ring->size / sizeof(ring->event));
	}
	if (state == RING_CORRUPT)
		ring_skip(ring);
	must(ring_peek(ring) == RING_EMPTY);
	return records;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *memory = aligned_alloc(page, 2 * page);
	struct ring ring;
	uint64_t all;

	must(memory != NULL);
	fill(memory, page, data, size);
	ring_init(&ring, memory, page);
	ring_refresh(&ring);
	ring_seek(&ring, ring_tail(&ring));
	all = ring_count(&ring, 0, ~0ull);
	must(ring_count(&ring, 100, 200) <= all);
	/* Seq 0 is none. */
	must(walk(&ring) >= all);
	ring_commit(&ring);
	must(ring_tail(&ring) == ring.at);
	free(memory);
	return 0;
}
