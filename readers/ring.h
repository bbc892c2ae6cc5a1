/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One perf ring as a reader sees it: perf_event_open(2), "MMAP layout". The data
 * pages are the kernel's, but the page before them (data_head, data_tail) can be
 * written by every process that was ever given the ring. With a wrong data_tail
 * the kernel overwrites what is not read yet, so bytes in the ring may be anything and
 * may change while they are looked at. Therefore what is checked is a copy, and only
 * the copy is used.
 *
 * Not thread safe.
 */
#ifndef READERS_RING_H
#define READERS_RING_H

#include <stddef.h>

#include <linux/types.h>

#include <pulsar/event.h>

/* No record is longer: perf_event_header.size has 16 bits. */
#define RING_RECORD_MAX (64 * 1024)

struct perf_event_mmap_page;

struct ring {
	struct perf_event_mmap_page *control;
	const unsigned char *data;
	__u64 size;		   /* bytes of data, a power of two */
	__u64 head;		   /* where the kernel was, at the last ring_refresh() */
	__u64 at;		   /* the record to look at next; all before it were */
	__u64 after;		   /* the one after it, set by ring_peek() */
	__u64 payload;		   /* where its struct pulsar_event begins, likewise */
	struct pulsar_event event; /* its header: a copy whose size was checked */

	__u64 ring_id;	   /* see struct pulsar_ring_info */
	__u64 settled_seq; /* likewise */
	int fd;		   /* of the perf event, to be polled; -1: none */
	struct ring *next; /* the ring that takes its place */
};

/* What ring_peek() found. */
enum ring_state {
	RING_EMPTY,
	RING_RECORD,
	RING_CORRUPT, /* no record can be found any more: ring_skip() */
};

/**
 * ring_new() - map a ring
 * @fd: a perf event that is mapped elsewhere already; closed by ring_free(), on failure too
 * @data_pages: of that mapping, a power of two; no other size can be mapped
 *
 * Return: a ring that was not refreshed yet, or NULL with errno: EINVAL not the
 * size that the ring has, EPERM it is not mapped elsewhere and larger than
 * an unprivileged process may map.
 */
struct ring *ring_new(int fd, unsigned int data_pages);

/* Unmaps the ring and closes its descriptor; what is in it stays. NULL is fine. */
void ring_free(struct ring *ring);

/**
 * ring_init() - a ring in memory that is mapped already
 * @ring: storage of the caller; nothing to release
 * @memory: the control page and the data after it
 * @data_bytes: a power of two, a page or more
 */
void ring_init(struct ring *ring, void *memory, size_t data_bytes);

/* Sees what the kernel has written until now. */
void ring_refresh(struct ring *ring);

/* Where the kernel believes the reader to be: what was not read before. */
__u64 ring_tail(const struct ring *ring);

/**
 * ring_seek() - go to a place where a record begins
 * @ring: refreshed
 * @at: as many bytes were ever read before it
 */
void ring_seek(struct ring *ring, __u64 at);

/**
 * ring_peek() - look at the next sample
 * @ring: refreshed
 *
 * Other records, PERF_RECORD_LOST among them, are skipped: the programs count their
 * losses themselves.
 *
 * Return: RING_RECORD and ring->event is its header; RING_EMPTY there is none up to
 * the last refresh; RING_CORRUPT.
 */
enum ring_state ring_peek(struct ring *ring);

/**
 * ring_copy() - copy out the record that ring_peek() found
 * @ring: the ring
 * @record: at least ring->event.size bytes, aligned for a __u64
 *
 * The first bytes are ring->event; a record split over the end becomes whole.
 */
void ring_copy(const struct ring *ring, void *record);

/* Goes on to the record after the one that ring_peek() found. */
static inline void ring_next(struct ring *ring)
{
	ring->at = ring->after;
}

/**
 * ring_skip() - give up all that is in the ring
 * @ring: refreshed
 *
 * Goes to where the kernel writes next.
 */
void ring_skip(struct ring *ring);

/**
 * ring_count() - count the records from here to the last refresh
 * @ring: refreshed; it stays where it is
 * @after_seq: records up to this seq do not count
 * @upto_seq: nor do those beyond this one
 *
 * Return: how many, up to the first place that is corrupt.
 */
__u64 ring_count(const struct ring *ring, __u64 after_seq, __u64 upto_seq);

/* Bytes between here and the last refresh. */
static inline __u64 ring_left(const struct ring *ring)
{
	return ring->head - ring->at;
}

/**
 * ring_commit() - give the kernel the room of all that was looked at
 * @ring: the ring; the lines of all before ring->at were written
 */
void ring_commit(struct ring *ring);

#endif
