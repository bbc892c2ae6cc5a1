/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an object's BTF to the entries of its map `schema`.
 *
 * Every struct whose first member is a struct pulsar_event is an event; its
 * other members are its fields, in order. The kind of a field comes from its C
 * type and from its tag, see bpf/pulsar.bpf.h and include/pulsar/schema.h.
 * Besides that:
 *
 * - A member whose name begins with `reserved` or `_` is padding and no field.
 * - Of an enum that is tagged as flags, an enumerator that ends in _MASK names no
 *   flag but several bits that are one value: those after it that lie within it,
 *   0 included, are compared under that mask. Any other one is compared under its
 *   own bits, and 0 without a mask only if no bit is set.
 *
 *	enum open_flags { OPEN_MASK = 3, O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0100 };
 *
 * - A map tagged as "pulsar:table" has values that are events, or begin with one, for
 *   readers to poll.
 */
#ifndef LOADERD_SCHEMA_H
#define LOADERD_SCHEMA_H

#include <stddef.h>

#include <pulsar/schema.h>

#include "pin.h"

struct btf;

struct schema {
	struct pulsar_field *fields; /* entry 0 has kind SCHEMA */
	size_t count;
	size_t events;
};

/**
 * schema_build() - makes the table.
 * @btf: of the object; may be any bytes that btf__new() took.
 * @module: its name.
 * @generation: of the module.
 * @schema: written on success; schema_release() afterwards.
 * @error: struct, member and type of what cannot be described.
 *
 * Return: 0, also if there is no event (schema->events tells); -EINVAL with *error; -ENOMEM.
 */
int schema_build(const struct btf *btf, const char *module, __u32 generation, struct schema *schema,
		 struct pin_error *error);

/** schema_release() - NULL is fine. */
void schema_release(struct schema *schema);

#endif
