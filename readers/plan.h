/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module's schema, compiled for encoding. A plan is all that a reader knows
 * about a module, and holds for records of one generation of it.
 */
#ifndef READERS_PLAN_H
#define READERS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pulsar_field;
struct plan;

/* What an honest schema stays far below; more is refused. */
#define PLAN_ENTRIES_MAX 65536
#define PLAN_EVENTS_MAX	 256 /* event structs of a module */
#define PLAN_FIELDS_MAX	 64  /* fields of an event */
#define PLAN_TABLES_MAX	 16  /* tables of a module */

/**
 * plan_new() - check a schema and compile it
 * @fields: the entries of map `schema`; copied
 * @count: how many
 * @error: out, on failure: what is wrong, one line
 * @error_size: bytes of @error
 *
 * The entries may hold any bytes: what include/pulsar/schema.h does not allow is
 * refused as a whole. All events are selected.
 *
 * Return: the plan, released with plan_free(); or NULL with errno EINVAL the schema makes no
 * sense, EPROTO it is of an ABI that this reader does not know, E2BIG it is too long,
 * ENOMEM.
 */
struct plan *plan_new(const struct pulsar_field *fields, size_t count, char *error,
		      size_t error_size);

/**
 * plan_free() - release a plan
 * @plan: NULL is fine
 */
void plan_free(struct plan *plan);

/**
 * plan_module() - the name of the module
 * @plan: the plan
 *
 * Return: a string that lives as long as the plan.
 */
const char *plan_module(const struct plan *plan);

/**
 * plan_generation() - the generation that the plan holds for
 * @plan: the plan
 *
 * A record of another one (pulsar_event.generation) was laid out by another schema.
 */
uint32_t plan_generation(const struct plan *plan);

/**
 * plan_select() - encode some events only
 * @plan: the plan
 * @names: event names with commas between them, as in "FileCreated,FileOpened"; NULL: all
 *
 * Return: false if the module has no event of one of these names; the selection is then as
 * it was.
 */
bool plan_select(struct plan *plan, const char *names);

/**
 * plan_event() - the name of an event
 * @plan: the plan
 * @index: from 0
 *
 * Return: a string that lives as long as the plan, or NULL behind the last one.
 */
const char *plan_event(const struct plan *plan, size_t index);

#endif
