/* SPDX-License-Identifier: Apache-2.0 */
/* Which kind a member of an event struct has, by its C type and its tag. */
#ifndef LOADERD_SCHEMA_KIND_H
#define LOADERD_SCHEMA_KIND_H

#include <stddef.h>

#include <linux/types.h>

#include <pulsar/schema.h>

#include "pin.h"

struct btf;
struct btf_type;

/**
 * schema_strip() - the type below const, volatile, restrict, typedefs and type tags.
 * @id: replaced by the id of what is returned.
 *
 * Return: the type, NULL if @id leads to none (BTF may be hostile).
 */
const struct btf_type *schema_strip(const struct btf *btf, __u32 *id);

/** schema_name() - the name of a type, "" if it has none. */
const char *schema_name(const struct btf *btf, const struct btf_type *type);

/**
 * schema_kind_of_type() - the kind by C type alone.
 * @id: of the member's type.
 * @kind, @size: on success; @size in bytes.
 *
 * Return: 0, or -EINVAL with *error: the type, and that it cannot be a field.
 */
int schema_kind_of_type(const struct btf *btf, __u32 id, enum pulsar_kind *kind, __u32 *size,
			struct pin_error *error);

/**
 * schema_kind_of_tag() - what a tag makes of that kind.
 * @tag: without "pulsar:".
 * @kind: replaced on success; "main" and "counter" leave it.
 * @flags: PULSAR_FIELD_MAIN and others are added for those that have one.
 *
 * Return: 0, or -EINVAL with *error: there is no such tag, or not for this type.
 */
int schema_kind_of_tag(const char *tag, enum pulsar_kind *kind, __u32 size, __u32 *flags,
		       struct pin_error *error);

/**
 * schema_map_value() - the type of the values of a map.
 * @var: a map's variable in section .maps.
 *
 * Return: a BTF id, 0 if the definition names none.
 */
__u32 schema_map_value(const struct btf *btf, const struct btf_type *var);

/**
 * schema_camel() - the name of an event: file_created is FileCreated.
 * @room: bytes of @to; what does not fit is cut.
 */
void schema_camel(const char *from, char *to, size_t room);

#endif
