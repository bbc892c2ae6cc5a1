/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a record looks like, and the pinned maps that both sides of the kernel
 * boundary read. Included by BPF programs (after vmlinux.h) and by user space
 * (after <linux/types.h>); everything here is ABI and only grows.
 *
 * A record is the sample that a program writes to `events`: the fixed part is
 * one event struct, whose first member is struct pulsar_event; strings and
 * blobs lie after it, back to back, and are referred to by offset.
 */
#ifndef PULSAR_EVENT_H
#define PULSAR_EVENT_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define PULSAR_ABI 1u

/* How many subscriptions one module can have; the size of several tables. */
#define PULSAR_SUBSCRIPTIONS_MAX 8
#define PULSAR_SUBSCRIPTION_LEN	 32 /* bytes of a subscription's name, NUL included */
#define PULSAR_MODULE_LEN	 32 /* bytes of a module's name, NUL included */
#define PULSAR_COMM_LEN		 16 /* TASK_COMM_LEN, include/linux/sched.h */

/*
 * One value of variable length. The three types share a layout; which one a
 * field has says how its bytes are read.
 */
struct pulsar_string { /* bytes without a NUL: a path, a name */
	__u16 offset;  /* from the start of the record */
	__u16 len;     /* bytes stored */
	__u32 full;    /* bytes there were, at least; len < full: the value was cut */
};

struct pulsar_bytes { /* a blob */
	__u16 offset;
	__u16 len;
	__u32 full;
};

struct pulsar_strings { /* strings, each closed by a NUL: argv */
	__u16 offset;
	__u16 len;
	__u32 full;
};

/* An IPv4 or IPv6 address with a port. */
struct pulsar_address {
	__u16 family; /* AF_INET, AF_INET6; 0: there is none */
	__u16 port;   /* host order */
	__u32 scope;  /* IPv6 scope id, 0: none */
	__u8 ip[16];  /* network order; IPv4 in the first four bytes */
};

/* Bits of pulsar_event.flags */
#define PULSAR_NO_PROCESS 0x1u /* happened outside any process (softirq): ids are 0 */
#define PULSAR_NO_IMAGE	  0x2u /* the process table did not know the process */
#define PULSAR_TABLE_FULL 0x4u /* ... because it was full */

/* First member of every event struct. */
struct pulsar_event {
	__u32 size;	     /* bytes of the record in use, this header included */
	__u16 type;	     /* which event struct: BTF id in the module's object, see schema.h */
	__u16 flags;	     /* PULSAR_NO_PROCESS, ... */
	__u64 seq;	     /* per module and CPU, from 1; counts what was produced */
	__u64 time_ns;	     /* CLOCK_BOOTTIME */
	__u64 start_time_ns; /* CLOCK_BOOTTIME at which the process started; 0: unknown */
	__u64 cgroup_id;     /* on the unified hierarchy */
	__u32 generation;    /* of the module: grows with each upgrade */
	__u32 tgid;
	__u32 tid;
	__u32 ppid; /* tgid of the parent */
	__u32 uid;
	__u32 gid;
	char comm[PULSAR_COMM_LEN];	   /* of the thread, padded with NUL */
	struct pulsar_string image;	   /* path of the program that the process runs */
	struct pulsar_string container_id; /* empty: not in a container */
};

/*
 * Map `events`: PERF_EVENT_ARRAY. Each (subscription slot, CPU) has two perf
 * events that share one ring: output through the quiet one wakes nobody before
 * the watermark, output through the loud one wakes the reader at once. A
 * program takes the loud one only if the reader sleeps (position.waiting).
 */
#define PULSAR_EVENTS_QUIET(slot, cpus, cpu) ((slot) * (cpus) + (cpu))
#define PULSAR_EVENTS_LOUD(slot, cpus, cpu)  ((PULSAR_SUBSCRIPTIONS_MAX + (slot)) * (cpus) + (cpu))
#define PULSAR_EVENTS_ENTRIES(cpus)	     (2 * PULSAR_SUBSCRIPTIONS_MAX * (cpus))

/* Why an event did not reach a subscription's ring. */
struct pulsar_losses {
	__u64 ring_full; /* -ENOSPC: the reader is behind */
	__u64 no_ring;	 /* -ENOENT: no ring in the slot (loaderd away, CPU just came online) */
	__u64 busy;	 /* no scratch memory, or -EBUSY: nested too deep */
	__u64 other;	 /* any other error of bpf_perf_event_output() */
};

/* Map `counters`: PERCPU_ARRAY with one entry. Only programs write it. */
struct pulsar_counters {
	__u64 produced; /* seq of the newest event */
	__u64 filtered; /* events that a filter dropped; not in produced */
	struct pulsar_losses lost[PULSAR_SUBSCRIPTIONS_MAX]; /* by slot */
};

/* Map `control`: ARRAY with one entry, written by loaderd. */
struct pulsar_control {
	__u32 subscriptions; /* bit s: slot s is in use */
	__u32 adoptions;     /* how often another loaderd took the module over */
};

/* Why a reader says `Lost`; the first four are those of struct pulsar_losses. */
enum pulsar_cause {
	PULSAR_LOST_RING_FULL,
	PULSAR_LOST_NO_RING,
	PULSAR_LOST_BUSY,
	PULSAR_LOST_OTHER,
	PULSAR_LOST_DISCARDED, /* was in a ring that went away unread */
	PULSAR_LOST_CAUSES,
};

/* How far a subscription has come on one CPU. */
struct pulsar_progress {
	__u64 ring_id;	 /* the ring that `tail` belongs to */
	__u64 tail;	 /* bytes of it whose lines were written out */
	__u64 next_seq;	 /* one more than the highest seq accounted for */
	__s64 unsettled; /* of those below next_seq: neither delivered nor reported lost (yet) */
	__u64 delivered; /* since the subscription began */
	__u64 lost[PULSAR_LOST_CAUSES]; /* reported lost, by cause, since then */
};

/*
 * One entry per CPU of a subscription's position map (ARRAY, BPF_F_MMAPABLE,
 * one map per subscription, inner map of `subscriptions`). The reader writes
 * it through its mapping, so for everybody else its content is a claim. Two
 * copies, so that a reader killed in the middle of an update leaves one whole:
 * it fills copy[!current] and then stores `current`.
 */
struct pulsar_position {
	__u32 waiting; /* the reader sleeps: the next event takes the loud output and clears this */
	__u32 current; /* which copy holds */
	__u64 base_seq; /* seq at which the subscription began: only later events belong to it */
	struct pulsar_progress copy[2];
	struct pulsar_losses
		base_lost; /* the slot's losses at that time, of one that had it before */
	__u64 reserved[6];
};

/*
 * The process table, map `core_processes` of module core: HASH by tgid.
 */
#define PULSAR_IMAGE_LEN     1024 /* bytes kept of an image path */
#define PULSAR_CONTAINER_LEN 64	  /* a container id: 64 hex digits */

/*
 * What filters have decided for one process: bit m is module number m. A bit
 * that is not known leaves it to the module's other rules, see filter.h.
 */
struct pulsar_interest {
	__u64 known;
	__u64 wanted; /* of those: the process is of interest */
};

/* Bits of pulsar_process.flags */
#define PULSAR_PROCESS_ENDED 0x1u /* its Exit was told */

/*
 * pulsar_process.version: the low byte counts those who are writing at the
 * moment, the rest those who have. Whoever copies an image and finds a writer, or
 * another version afterwards, has a mixture.
 */
#define PULSAR_PROCESS_WRITERS 0xffu
#define PULSAR_PROCESS_BEGIN   1u
#define PULSAR_PROCESS_END     0xffu /* one writer less, one version more */

struct pulsar_process {
	__u64 start_time_ns; /* CLOCK_BOOTTIME, of the thread group leader */
	__u64 cgroup_id;
	struct pulsar_interest filters;	 /* is it of interest */
	struct pulsar_interest heritage; /* what its children, and its next program, begin with */
	__u32 generation;		 /* of the rules that `heritage` was decided by */
	__u32 version;
	__u32 exec_id; /* which exec of the process is entered; low bits of task.self_exec_id */
	__u32 seen;    /* the last pass of the task iterator that met it */
	__u32 ppid;
	__u32 uid;
	__u32 gid;
	__u32 flags; /* PULSAR_PROCESS_ENDED */
	__u16 image_len;
	__u16 image_full; /* image_len < image_full: cut */
	__u16 container_len;
	__u16 reserved;
	char comm[PULSAR_COMM_LEN]; /* of the leader, at fork or exec */
	char container_id[PULSAR_CONTAINER_LEN];
	char image[PULSAR_IMAGE_LEN]; /* padded with NUL: it is the key of a rule */
};

_Static_assert(sizeof(struct pulsar_string) == 8, "ABI");
_Static_assert(sizeof(struct pulsar_address) == 24, "ABI");
_Static_assert(sizeof(struct pulsar_event) == 96, "ABI");
_Static_assert(sizeof(struct pulsar_counters) == 16 + 32 * PULSAR_SUBSCRIPTIONS_MAX, "ABI");
_Static_assert(sizeof(struct pulsar_process) == 168 + PULSAR_IMAGE_LEN, "ABI");
_Static_assert(sizeof(struct pulsar_progress) == 80, "ABI");
_Static_assert(sizeof(struct pulsar_position) == 256, "ABI");

#endif
