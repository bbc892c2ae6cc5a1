/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A perf ring in plain memory, filled as kernel/events/ring_buffer.c fills one that does
 * not overwrite. For logic that needs rings in states which the real kernel is hard to
 * bring into; what the real kernel does is tested with the real kernel.
 */
#ifndef TESTS_STREAM_FAKE_H
#define TESTS_STREAM_FAKE_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include <pulsar/event.h>

struct perf_event_mmap_page;

struct fake_ring {
	struct perf_event_mmap_page *control;
	unsigned char *data;
	size_t size;
	__u64 head;
};

/* `pages` of data; fails the test if there is no memory. */
void fake_ring_init(struct fake_ring *fake, unsigned int pages);
void fake_ring_release(struct fake_ring *fake);

/* Writes any bytes at the head and moves it; false if the ring has no room. */
bool fake_ring_write(struct fake_ring *fake, const void *bytes, size_t len);
/* Writes a PERF_RECORD_SAMPLE with that payload, padded as programs pad it. */
bool fake_ring_sample(struct fake_ring *fake, const void *payload, size_t len);
/* The same with an event that has a header and `extra` bytes behind it, each the low byte of seq. */
bool fake_ring_event(struct fake_ring *fake, __u64 seq, __u64 time_ns, size_t extra);
/* Puts data_head where it likes. */
void fake_ring_head(struct fake_ring *fake, __u64 head);

#endif
