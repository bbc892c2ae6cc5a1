/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tables: maps of events that stay where they are and change, pinned at maps/NAME for
 * readers to look at from time to time. They print what has changed, by the schema
 * alone: fields tagged __counter as what was added since their last line.
 *
 *   struct syscall_activity {                  event "SyscallActivity"
 *           struct pulsar_event event;
 *           __u64 since __since;
 *           __u64 syscalls[512] __syscalls __counter;
 *   };
 *   PULSAR_ROW(syscall_activity);              struct syscall_activity_row
 *
 *   struct {
 *           ...
 *           __type(value, struct syscall_activity_row);
 *   } activities SEC(".maps") PULSAR_TABLE;
 *
 * A row that is removed is submitted as an event with its last numbers, and readers print
 * of it what they have not printed yet. They know a row by tgid, start of the process and
 * __since; without __since, by its key, and then it should stay.
 */
#ifndef PULSAR_TABLE_BPF_H
#define PULSAR_TABLE_BPF_H

#include "pulsar.bpf.h"

/* Room for the strings of an event's header, which lie behind it. */
#define PULSAR_ROW_STRINGS (PULSAR_IMAGE_LEN + 2 * PULSAR_CONTAINER_LEN)

#define PULSAR_ROW(type)                          \
	struct type##_row {                       \
		struct type fixed;                \
		__u8 strings[PULSAR_ROW_STRINGS]; \
	};                                        \
	_Static_assert(sizeof(struct type) % 8 == 0, "no hole before the strings")

/*
 * Puts an event that was begun, and has no strings but those of its header, into a table
 * as a row, unless there is one with this key. The event is given back. 0 or negative errno.
 */
#define pulsar_row_insert(map, key, e) pulsar_row_put(map, key, &(e)->event, sizeof(*(e)))

static __always_inline long pulsar_row_put(void *map, const void *key, struct pulsar_event *e,
					   __u32 fixed)
{
	__u64 strings = e->size - fixed;
	long err = -PULSAR_ENOSPC;

	barrier_var(
		strings); /* one register, so that the verifier sees the check on what is used */
	if (strings <= PULSAR_ROW_STRINGS) {
		/* What is behind them is of older events. */
		pulsar_zero((void *)e + fixed + strings, PULSAR_ROW_STRINGS - strings);
		err = bpf_map_update_elem(map, key, e, BPF_NOEXIST);
	}
	pulsar_scratch_release(e);
	return err;
}

/*
 * Removes a row and submits what was in it. Nobody may change it any more. `e` was begun
 * as an event of the row's type, so that filters apply; NULL: the row is removed, no more.
 */
#define pulsar_row_submit(ctx, map, key, e, row) \
	pulsar_row_end(ctx, map, key, (e) ? &(e)->event : NULL, row, sizeof(*(row)))

static __always_inline int pulsar_row_end(void *ctx, void *map, const void *key,
					  struct pulsar_event *e, const void *row, __u32 size)
{
	long err = e ? bpf_probe_read_kernel(e, size, row) : 0;

	/* Of two that end the same row, one submits it. */
	if (bpf_map_delete_elem(map, key))
		err = -PULSAR_ENOENT;
	if (!e)
		return 0;
	e->generation = pulsar_generation;
	if (!err)
		pulsar_output(ctx, e);
	pulsar_scratch_release(e);
	return 0;
}

/* For rows of no process in an ARRAY, where they are from the beginning: makes one an event. */
#define pulsar_row_mark(row)                                                \
	({                                                                  \
		(row)->event.type = bpf_core_type_id_local(typeof(*(row))); \
		(row)->event.flags = PULSAR_NO_PROCESS | PULSAR_NO_IMAGE;   \
		(row)->event.size = sizeof(*(row));                         \
	})

#endif
