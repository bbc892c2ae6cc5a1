/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What goes over loaderd's socket: AF_UNIX, SOCK_SEQPACKET, one message per
 * packet, host byte order. Each message begins with struct pulsar_wire and has
 * the length that its type and counts say; anything else ends the connection.
 * Each request is answered before the next is read.
 */
#ifndef PULSAR_WIRE_H
#define PULSAR_WIRE_H

#include <linux/types.h>

#include "event.h"

#define PULSAR_WIRE_MAGIC   0x52534c50u /* "PLSR" in memory, little endian */
#define PULSAR_WIRE_VERSION 1u

/* The largest message either side accepts, in bytes. */
#define PULSAR_WIRE_MAX	    (64 * 1024)
/* Descriptors in one message: below the kernel's SCM_MAX_FD (253, include/net/scm.h). */
#define PULSAR_WIRE_FDS_MAX 250

enum pulsar_wire_type {
	PULSAR_ASK_RINGS = 1,	   /* struct pulsar_ask_rings, 1 fd: `events`, opened read-only */
	PULSAR_ANSWER_RINGS = 2,   /* struct pulsar_answer_rings, fds, see there */
	PULSAR_ASK_CONTROL = 3,	   /* a JSON object follows the header; from root or an admin */
	PULSAR_ANSWER_CONTROL = 4, /* a JSON object follows the header */
	PULSAR_ANSWER_ERROR = 5,   /* struct pulsar_answer_error; the connection ends after it */
};

struct pulsar_wire {
	__u32 magic;
	__u16 version;
	__u16 type;
	__u32 size;	/* bytes of the whole message */
	__u32 reserved; /* 0 */
};

/* The descriptor is the permission: whoever could open `events` may read it. */
struct pulsar_ask_rings {
	struct pulsar_wire wire;
	char subscription[PULSAR_SUBSCRIPTION_LEN]; /* [a-z0-9][a-z0-9_-]*, padded with NUL */
};

struct pulsar_ring_info {
	__u32 cpu;
	__u32 reserved;
	__u64 ring_id; /* tells this ring from all others of this boot */
	/*
	 * Every event of this CPU with a seq up to here had found its way, into
	 * this ring, an older one, or a loss counter, before this was sent.
	 */
	__u64 settled_seq;
};

/*
 * Descriptors: with `first` set, the position map (readable and writable), then
 * one perf event per ring[], all mapped already: 1 + data_pages pages.
 * A request is answered by one or more of these; `more` tells whether another
 * follows at once. loaderd sends further ones, unasked, for CPUs that come online
 * (the same subscription, first = 0).
 */
struct pulsar_answer_rings {
	struct pulsar_wire wire;
	__u32 slot;
	__u32 cpus;	  /* possible CPUs: the stride of `events` */
	__u32 data_pages; /* of each ring, a power of two */
	__u16 first;
	__u16 more;
	__u32 count; /* entries of ring[] */
	__u32 reserved;
	struct pulsar_ring_info ring[];
};

struct pulsar_answer_error {
	struct pulsar_wire wire;
	__s32 error;	  /* positive errno: EBUSY held, EACCES, EPROTO, ENOSPC limit reached */
	__u32 holder_pid; /* EBUSY: who holds the subscription; 0 otherwise */
	__u32 holder_uid;
	__u32 reserved;
	char text[160]; /* what was wrong, NUL-terminated */
};

_Static_assert(sizeof(struct pulsar_wire) == 16, "wire");
_Static_assert(sizeof(struct pulsar_ask_rings) == 48, "wire");
_Static_assert(sizeof(struct pulsar_ring_info) == 24, "wire");
_Static_assert(sizeof(struct pulsar_answer_rings) == 40, "wire");
_Static_assert(sizeof(struct pulsar_answer_error) == 192, "wire");

#endif
