/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one include of a module. It owns what every module has: the maps that
 * are pinned, the scratch memory that a record is built in, and the way from
 * there to each subscription's ring.
 *
 *   struct file_created {                      event "FileCreated"
 *           struct pulsar_event event;         first member, always
 *           struct pulsar_string filename;     a field, kind by type and tag
 *   };
 *
 *   struct file_created *e = pulsar_begin(struct file_created);
 *   if (!e)
 *           return 0;                          counted as lost already
 *   pulsar_path(&e->event, &e->filename, path);
 *   return pulsar_submit(ctx, e);              or pulsar_discard(e)
 *
 * Between begin and submit there must be no way out but these two: begin takes
 * one of few scratch buffers, and only they give it back.
 */
#ifndef PULSAR_BPF_H
#define PULSAR_BPF_H

#include "core.bpf.h"

/* ---- tags: how a field prints, where its C type does not say it ---- */
#define __main	       PULSAR_TAG("main")	  /* the field to show in one column of text */
#define __hex	       PULSAR_TAG("hex")	  /* unsigned integer as 0x1f */
#define __bool	       PULSAR_TAG("bool")	  /* integer as false, true */
#define __errno	       PULSAR_TAG("errno")	  /* signed integer as ENOENT */
#define __mode	       PULSAR_TAG("mode")	  /* file mode in octal */
#define __signal       PULSAR_TAG("signal")	  /* signal number as SIGKILL */
#define __time	       PULSAR_TAG("time")	  /* CLOCK_BOOTTIME ns as a date */
#define __flags	       PULSAR_TAG("flags")	  /* enum of bits as an array of names */
#define __dns	       PULSAR_TAG("dns")	  /* struct pulsar_bytes holding a DNS message */
#define __capabilities PULSAR_TAG("capabilities") /* __u64 as an array of CAP_ names */
#define __syscall      PULSAR_TAG("syscall")	  /* number of a system call as its name */
#define __derive_elf \
	PULSAR_TAG("derive_elf") /* path of a file: readers add ElfOpened if it is an ELF file */
#define __optional PULSAR_TAG("optional") /* signed integer, below 0: there is none, null */

/*
 * Behind SEC(".maps"): a map whose values are events, which readers look at from time
 * to time, printing what has changed; see table.bpf.h. In such events:
 */
#define PULSAR_TABLE PULSAR_TAG("table")
#define __counter    PULSAR_TAG("counter")  /* only grows: lines tell what was added */
#define __syscalls   PULSAR_TAG("syscalls") /* __u64[N] by number of a system call */
#define __since	     PULSAR_TAG("since")    /* CLOCK_BOOTTIME ns when the counters were 0 */

/* ---- maps; loaderd sets the sizes that depend on the machine ---- */

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, PULSAR_EVENTS_ENTRIES(1));
	/* Without it the kernel empties the array when the descriptor that filled it is closed. */
	__uint(map_flags, BPF_F_PRESERVE_ELEMS);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pulsar_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pulsar_field);
} schema SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pulsar_control);
} control SEC(".maps");

/* Per slot, the position map of the subscription in it; one entry per CPU. */
struct pulsar_positions {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct pulsar_position));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, PULSAR_SUBSCRIPTIONS_MAX);
	__type(key, __u32);
	__array(values, struct pulsar_positions);
} subscriptions SEC(".maps");

#include "header.bpf.h"
#include "record.bpf.h"

#include "path.bpf.h"

#endif
