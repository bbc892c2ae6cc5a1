/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schemas of a module, one for each generation whose records are still in the
 * rings. An upgrade pins another schema; records of the generation before it may
 * come for as long as the rings hold some.
 */
#ifndef READERS_GENERATIONS_H
#define READERS_GENERATIONS_H

#include <linux/types.h>

#include "pin.h"
#include "plan.h"

#define GENERATIONS_MAX 4 /* plans kept; with more, the oldest goes */

struct generations {
	const char *pin_root, *module;	    /* borrowed */
	const char *events;		    /* to be selected; NULL: all; borrowed */
	struct plan *plan[GENERATIONS_MAX]; /* the newest first */
	unsigned int count;
	__u32 schema_id;   /* the kernel's id of the map that plan[0] is made from */
	__u32 warned;	   /* the generation last complained about; 0: none */
	__u64 waited_ns;   /* CLOCK_MONOTONIC: since when a generation is waited for; 0: none is */
	__u64 given_up_ns; /* CLOCK_MONOTONIC: when that was in vain; 0: never */
};

/**
 * generations_init() - read the schema that is pinned now
 * @generations: storage of the caller, released with generations_release()
 * @pin_root: where modules are pinned; outlives @generations, as the next two do
 * @module: its name
 * @events: which events to select, see plan_select()
 * @error: out, on failure: what is wrong
 *
 * Return: 0; -ENOENT, -EACCES and others of pin_reader_open(); -ENOMSG the module has
 * no event of one of the names; -EPROTO the schema is not to be understood; -ENOMEM.
 */
int generations_init(struct generations *generations, const char *pin_root, const char *module,
		     const char *events, struct pin_error *error);

/* Frees the plans; all zero is fine. */
void generations_release(struct generations *generations);

/* The plan for records of a generation, or NULL. */
static inline struct plan *generations_find(const struct generations *generations, __u32 generation)
{
	for (unsigned int i = 0; i < generations->count; i++)
		if (plan_generation(generations->plan[i]) == generation)
			return generations->plan[i];
	return NULL;
}

/* The plan of what is pinned now. */
static inline struct plan *generations_newest(const struct generations *generations)
{
	return generations->plan[0];
}

/**
 * generations_look() - take over a schema that was pinned meanwhile
 * @generations: called often enough, it misses none of several upgrades
 *
 * Costs some system calls, and warns if the schema cannot be used.
 */
void generations_look(struct generations *generations);

/**
 * generations_await() - a record has come for which there is no plan
 * @generations: looks at what is pinned
 * @generation: of the record
 * @now_ns: CLOCK_MONOTONIC
 *
 * While an upgrade is under way, the new programs run a moment before their schema is
 * pinned. The schemas of some older generations stay pinned (PULSAR_PIN_SCHEMA_OLD).
 *
 * Return: 1 there is a plan now; 0 it may still come: ask again; -ENOENT it will not,
 * and that was logged.
 */
int generations_await(struct generations *generations, __u32 generation, __u64 now_ns);

#endif
