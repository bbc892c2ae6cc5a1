/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that the reader makes of others. Which ones, the schema says: a flag of a
 * field. What a plan knows of it is another event, with the fields of the first.
 */
#ifndef READERS_DERIVE_DERIVE_H
#define READERS_DERIVE_DERIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan_event.h"

struct compiler;
struct elf;

/**
 * derive_compile() - add what is derived to a plan
 * @c: the compiler, all entries added; the plan has room for one event more
 *
 * Return: 0 or negative errno: EINVAL more than one event has such a field, or it is of a kind that
 * it cannot be, or the name is taken.
 */
int derive_compile(struct compiler *c);

/**
 * derive_wanted() - whether files have to be looked at
 * @plan: the plan
 *
 * Return: true if an event is derived so, and is selected.
 */
bool derive_wanted(const struct plan *plan);

/**
 * derive() - make the other event of a record
 * @plan: of the record
 * @elf: for looking at files; NULL: that is not wanted
 * @record: any bytes, as they came; becomes the other event
 * @size: bytes of it
 *
 * Return: the event that it is now; NULL: there is none, and the record is as it was.
 */
const struct plan_event *derive(const struct plan *plan, struct elf *elf, uint8_t *record,
				size_t size);

#endif
