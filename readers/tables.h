/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of a module: pinned maps whose values are events that change where they
 * are. Looked at from time to time, through descriptors that can read only; what has
 * changed becomes lines. Which maps these are and what is in them, the schema says.
 */
#ifndef READERS_TABLES_H
#define READERS_TABLES_H

#include <stdbool.h>

#include "generations.h"
#include "lines.h"

struct tables {
	const char *pin_root, *module; /* borrowed */
	__u64 interval_ns;
	__u64 due_ns; /* CLOCK_MONOTONIC: when to look next */
	__u32 warned; /* bit t: something is wrong with table number t, and that was logged */
	/* What one system call reads; the sizes are those of the last table. */
	unsigned char *keys, *values;
	size_t keys_size, values_size;
};

/**
 * tables_init() - nothing was looked at yet
 * @tables: storage of the caller, released with tables_release()
 * @pin_root: where modules are pinned; outlives @tables, as the next one does
 * @module: its name
 * @interval_ns: between two looks
 * @now_ns: CLOCK_MONOTONIC; the first look is due an interval later
 */
void tables_init(struct tables *tables, const char *pin_root, const char *module, __u64 interval_ns,
		 __u64 now_ns);

/* Frees memory; all zero is fine. */
void tables_release(struct tables *tables);

/**
 * tables_look() - make lines of what has changed in all tables
 * @tables: the tables
 * @plan: the newest; the maps have what it says
 * @lines: where
 * @flush: called when @lines is full, to write it out: 0, or why that failed
 * @arg: for @flush
 * @left: lines still wanted; ~0: no limit. Counted down, and the look ends at 0
 *
 * A table that cannot be read is logged once and passed over.
 *
 * Return: 0, or what @flush returned.
 */
int tables_look(struct tables *tables, const struct plan *plan, struct lines *lines,
		int (*flush)(void *arg), void *arg, __u64 *left);

/* Whether the module has any, of events that are to be printed. */
bool tables_wanted(const struct plan *plan);

#endif
