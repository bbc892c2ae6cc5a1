/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ring: where one CPU's events of one subscription wait for the reader.
 *
 * Two perf events of the CPU share it (include/pulsar/event.h): the quiet one
 * owns the memory and wakes at half of it, the loud one wakes at each event.
 * loaderd maps it first and for as long as it lives: without any mapping the
 * kernel refuses output, and the first mapping is the one that memory limits
 * would stop for a reader.
 */
#ifndef LOADERD_RING_H
#define LOADERD_RING_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct pin_error;

struct ring {
	int fd;	      /* the quiet event; what a reader gets; -1: there is no ring */
	int output;   /* the quiet event that programs write to: fd, or the one of ring_revive() */
	int loud;     /* until ring_put() */
	void *base;   /* control page, then the data */
	size_t bytes; /* of data */
	unsigned int cpu;
	__u64 id;	   /* of all rings of this boot */
	__u64 settled_seq; /* see struct pulsar_ring_info */
	__u64 seen_ns;	   /* ring_look() */
	bool settled;	   /* settled_seq holds */
	bool told;	   /* the subscription's reader has it */
};

/* Where in `events` a ring stands. */
struct ring_place {
	int events;	    /* the map, borrowed */
	unsigned int quiet; /* index */
	unsigned int loud;  /* index */
};

/* An empty ring that ring_close() takes. */
#define RING_NONE                                  \
	{                                          \
		.fd = -1, .output = -1, .loud = -1 \
	}

/**
 * ring_open() - open and map a ring
 * @ring: written on success only
 * @cpu: must be online
 * @bytes: of data: a power of two, a page or more
 * @error: says what was wrong
 *
 * Return: 0; -ENODEV the CPU is not online; -EPERM memory limit or missing
 * capability; another negative errno.
 */
int ring_open(struct ring *ring, unsigned int cpu, size_t bytes, struct pin_error *error);

/**
 * ring_put() - put an open ring where programs find it
 * @place: what stood there before gets no more output
 * @error: says what was wrong
 *
 * Return: 0 or negative errno.
 */
int ring_put(struct ring *ring, const struct ring_place *place, struct pin_error *error);

/* Notes how long the ring's event has run, for ring_alive(). */
void ring_look(struct ring *ring);

/**
 * ring_alive() - whether the ring's event ran since ring_look()
 *
 * A CPU that goes offline drops its perf events for good, also when it comes back.
 * The kernel's clock may stand still for a tick, so only "yes" is sure at once.
 */
bool ring_alive(const struct ring *ring);

/**
 * ring_revive() - give the ring new perf events after its CPU went off and on
 *
 * Memory, content, id and the descriptor that the reader has stay the same.
 *
 * Return: 0; -ENODEV the CPU is not online; another negative errno.
 */
int ring_revive(struct ring *ring, const struct ring_place *place, struct pin_error *error);

/**
 * ring_enable() - let programs write to it, whatever its last reader did
 *
 * Who has the descriptor can stop the event or the output to the ring
 * (PERF_EVENT_IOC_DISABLE, _PAUSE_OUTPUT); the next reader shall not suffer from it.
 */
void ring_enable(const struct ring *ring);

/*
 * Bytes written and not yet read. By what the reader wrote into the control page, so 0
 * .. bytes is all that is sure.
 */
size_t ring_fill(const struct ring *ring);

/* Drops what is in it. Only while no reader has it. */
void ring_discard(struct ring *ring);

/*
 * Unmaps and closes. The events stay in `events`, but refuse output unless a reader
 * maps the ring.
 */
void ring_close(struct ring *ring);

#endif
