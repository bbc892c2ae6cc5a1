// SPDX-License-Identifier: Apache-2.0
/* Walks the records of a perf ring. */
#include "ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/perf_event.h>

/*
 * A sample of ours (attr.sample_type is PERF_SAMPLE_RAW alone): the header, the
 * length of what follows, and then what the program gave to
 * bpf_perf_event_output(). All records are multiples of eight bytes.
 */
struct ring_sample {
	struct perf_event_header header;
	__u32 raw_size;
};

#define RING_ALIGN 8

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

void ring_init(struct ring *ring, void *memory, size_t data_bytes)
{
	memset(ring, 0, sizeof(*ring));
	ring->control = memory;
	/* Not control->data_offset: every holder of the ring can write that. */
	ring->data = (const unsigned char *)memory + page_size();
	ring->size = data_bytes;
	ring->fd = -1;
}

struct ring *ring_new(int fd, unsigned int data_pages)
{
	size_t data_bytes = data_pages * page_size();
	struct ring *ring;
	void *memory;
	int err;

	ring = malloc(sizeof(*ring));
	memory = mmap(NULL, page_size() + data_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	err = errno;
	if (!ring || memory == MAP_FAILED) {
		if (memory != MAP_FAILED)
			munmap(memory, page_size() + data_bytes);
		free(ring);
		close(fd);
		errno = err;
		return NULL;
	}
	ring_init(ring, memory, data_bytes);
	ring->fd = fd;
	return ring;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	munmap(ring->control, page_size() + ring->size);
	close(ring->fd);
	free(ring);
}

void ring_refresh(struct ring *ring)
{
	/* Pairs with the kernel's barrier in perf_output_put_handle(), kernel/events/ring_buffer.c. */
	ring->head = __atomic_load_n(&ring->control->data_head, __ATOMIC_ACQUIRE);
}

__u64 ring_tail(const struct ring *ring)
{
	return __atomic_load_n(&ring->control->data_tail, __ATOMIC_RELAXED);
}

void ring_seek(struct ring *ring, __u64 at)
{
	ring->at = at;
}

/* Copies from any place; the caller has checked that the kernel wrote so far. */
static void ring_read(const struct ring *ring, __u64 from, void *to, size_t len)
{
	size_t start = from & (ring->size - 1);
	size_t first = ring->size - start;

	if (len <= first) {
		memcpy(to, ring->data + start, len);
		return;
	}
	memcpy(to, ring->data + start, first);
	memcpy((char *)to + first, ring->data, len - first);
}

/* The record at ring->at is a sample of `size` bytes: is one of our records in it? */
static enum ring_state ring_look(struct ring *ring, size_t size, size_t raw_size)
{
	if (raw_size > size - sizeof(struct ring_sample) || raw_size < sizeof(ring->event))
		return RING_CORRUPT;
	ring->payload = ring->at + sizeof(struct ring_sample);
	ring_read(ring, ring->payload, &ring->event, sizeof(ring->event));
	if (ring->event.size < sizeof(ring->event) || ring->event.size > raw_size)
		return RING_CORRUPT;
	ring->after = ring->at + size;
	return RING_RECORD;
}

enum ring_state ring_peek(struct ring *ring)
{
	struct ring_sample sample;

	/* The kernel never writes more than fits between data_tail and itself. */
	if (ring_left(ring) > ring->size || ring->at % RING_ALIGN)
		return RING_CORRUPT;
	for (; ring->at != ring->head; ring->at += sample.header.size) {
		__u64 left = ring_left(ring);

		if (left < sizeof(sample.header))
			return RING_CORRUPT;
		/* May read what follows a short record: that is in the ring, too. */
		ring_read(ring, ring->at, &sample, sizeof(sample));
		if (sample.header.size < sizeof(sample.header) || sample.header.size % RING_ALIGN ||
		    sample.header.size > left)
			return RING_CORRUPT;
		if (sample.header.type != PERF_RECORD_SAMPLE)
			continue;
		if (sample.header.size < sizeof(sample))
			return RING_CORRUPT;
		return ring_look(ring, sample.header.size, sample.raw_size);
	}
	return RING_EMPTY;
}

void ring_copy(const struct ring *ring, void *record)
{
	memcpy(record, &ring->event, sizeof(ring->event));
	ring_read(ring, ring->payload + sizeof(ring->event), (char *)record + sizeof(ring->event),
		  ring->event.size - sizeof(ring->event));
}

void ring_skip(struct ring *ring)
{
	ring->at = ring->head & ~(__u64)(RING_ALIGN - 1);
	/* A head between two records was not the kernel's; a later one will be. */
	ring->head = ring->at;
}

__u64 ring_count(const struct ring *ring, __u64 after_seq, __u64 upto_seq)
{
	struct ring walk = *ring;
	__u64 count = 0;

	while (ring_peek(&walk) == RING_RECORD) {
		count += walk.event.seq > after_seq && walk.event.seq <= upto_seq;
		ring_next(&walk);
	}
	return count;
}

void ring_commit(struct ring *ring)
{
	/* Pairs with the control dependency in __perf_output_begin(): what was read, was read. */
	__atomic_store_n(&ring->control->data_tail, ring->at, __ATOMIC_RELEASE);
}
