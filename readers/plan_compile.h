/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that make a plan. */
#ifndef READERS_PLAN_COMPILE_H
#define READERS_PLAN_COMPILE_H

#include <stdarg.h>

#include "plan_event.h"

/* A schema on its way to a plan. */
struct compiler {
	struct plan *plan;
	const struct pulsar_field *entries;
	size_t count;
	size_t at;		  /* the entry in work, for errors */
	struct plan_event *event; /* that fields belong to now; NULL: none */
	char *error;
	size_t error_size;
};

/**
 * compile_refuse() - say what is wrong with the entry in work
 * @c: the compiler
 * @err: positive errno
 * @format: as of printf(); the entry's name is said already
 *
 * Return: -@err.
 */
int compile_refuse(struct compiler *c, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * compile_enumerators() - collect and sort all enumerators
 * @c: the compiler; plan->by_value and by_bits have room for them
 */
void compile_enumerators(struct compiler *c);

/**
 * compile_group() - find the enumerators of a field
 * @plan: the plan, enumerators sorted
 * @entry: the field's entry in the schema
 * @field: out: enumerators and their count
 */
void compile_group(const struct plan *plan, const struct pulsar_field *entry, struct field *field);

#endif
