/* SPDX-License-Identifier: Apache-2.0 */
/* The enumerators of an enum, and under which mask each flag is compared; see schema.h. */
#ifndef LOADERD_SCHEMA_ENUM_H
#define LOADERD_SCHEMA_ENUM_H

#include <stdbool.h>

#include <linux/types.h>

struct btf;

/* Takes one enumerator; a non-zero return ends the walk. */
typedef int schema_enum_visit(const char *name, __s64 value, __u64 mask, void *arg);

/**
 * schema_enum_each() - calls @visit for each enumerator, in order.
 * @enum_id: of an enum or enum64.
 * @flags: the enum's values are sets of bits: with masks, and without the _MASK enumerators.
 *
 * Values are as the enum's size holds them, without sign: -1 of 4 bytes is 0xffffffff.
 *
 * Return: 0, or what @visit returned.
 */
int schema_enum_each(const struct btf *btf, __u32 enum_id, bool flags, schema_enum_visit *visit,
		     void *arg);

#endif
