// SPDX-License-Identifier: Apache-2.0
/* Kinds by type, and what tags make of them. */
#include "schema_kind.h"

#include <bpf/btf.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "error.h"

#define BIT(kind)	 (1u << (kind))
#define SCHEMA_ARRAY_MAX 65536u /* elements: far beyond a record */

/* Structs of event.h that are fields by themselves. */
static const struct {
	const char *name;
	enum pulsar_kind kind;
	__u32 size;
} schema_structs[] = {
	{ "pulsar_string", PULSAR_KIND_STRING, sizeof(struct pulsar_string) },
	{ "pulsar_bytes", PULSAR_KIND_BYTES, sizeof(struct pulsar_bytes) },
	{ "pulsar_strings", PULSAR_KIND_STRINGS, sizeof(struct pulsar_strings) },
	{ "pulsar_address", PULSAR_KIND_ADDRESS, sizeof(struct pulsar_address) },
};

static const struct {
	const char *tag;
	enum pulsar_kind kind;
	unsigned int from; /* BIT()s of the kinds by type that it takes */
	__u32 size;	   /* in bytes; 0: any */
	const char *takes;
} schema_tags[] = {
	{ "hex", PULSAR_KIND_HEX, BIT(PULSAR_KIND_UINT), 0, "an unsigned integer" },
	{ "bool", PULSAR_KIND_BOOL, BIT(PULSAR_KIND_UINT) | BIT(PULSAR_KIND_INT), 0, "an integer" },
	{ "errno", PULSAR_KIND_ERRNO, BIT(PULSAR_KIND_INT), 0, "a signed integer" },
	{ "mode", PULSAR_KIND_MODE, BIT(PULSAR_KIND_UINT), 0, "an unsigned integer" },
	{ "signal", PULSAR_KIND_SIGNAL, BIT(PULSAR_KIND_UINT) | BIT(PULSAR_KIND_INT), 0,
	  "an integer" },
	{ "time", PULSAR_KIND_TIME, BIT(PULSAR_KIND_UINT), 8, "an unsigned integer of 8 bytes" },
	{ "flags", PULSAR_KIND_FLAGS, BIT(PULSAR_KIND_ENUM), 0, "an enum" },
	{ "dns", PULSAR_KIND_DNS, BIT(PULSAR_KIND_BYTES), 0, "a struct pulsar_bytes" },
	{ "capabilities", PULSAR_KIND_CAPABILITIES, BIT(PULSAR_KIND_UINT), 8,
	  "an unsigned integer of 8 bytes" },
	{ "syscall", PULSAR_KIND_SYSCALL, BIT(PULSAR_KIND_UINT) | BIT(PULSAR_KIND_INT), 0,
	  "an integer" },
	{ "optional", PULSAR_KIND_OPTIONAL, BIT(PULSAR_KIND_INT), 0, "a signed integer" },
	{ "syscalls", PULSAR_KIND_SYSCALLS, BIT(PULSAR_KIND_COUNTS), 0, "an array of __u64" },
	{ "since", PULSAR_KIND_TIME, BIT(PULSAR_KIND_UINT), 8, "an unsigned integer of 8 bytes" },
};

/* Tags that leave the kind as it is, and what else they say. */
static const struct {
	const char *tag;
	__u32 flag;
	unsigned int from; /* BIT()s of kinds; 0: any */
	const char *takes;
} schema_flags[] = {
	{ "main", PULSAR_FIELD_MAIN, 0, "" },
	{ "counter", PULSAR_FIELD_COUNTER,
	  BIT(PULSAR_KIND_UINT) | BIT(PULSAR_KIND_COUNTS) | BIT(PULSAR_KIND_SYSCALLS),
	  "an unsigned integer or an array of __u64" },
	{ "derive_elf", PULSAR_FIELD_ELF, BIT(PULSAR_KIND_STRING), "a struct pulsar_string" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct btf_type *schema_strip(const struct btf *btf, __u32 *id)
{
	const struct btf_type *t = btf__type_by_id(btf, *id);

	/* A chain is short; a longer one is a circle. */
	for (int i = 0; i < 16; i++) {
		if (!t || !(btf_is_mod(t) || btf_is_typedef(t)))
			return t;
		*id = t->type;
		t = btf__type_by_id(btf, t->type);
	}
	return NULL;
}

const char *schema_name(const struct btf *btf, const struct btf_type *type)
{
	const char *name = btf__name_by_offset(btf, type->name_off);

	return name ? name : "";
}

static const char *schema_what(const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
		return "pointer";
	case BTF_KIND_ARRAY:
		return "array of other than char and __u64";
	case BTF_KIND_STRUCT:
		return "struct";
	case BTF_KIND_UNION:
		return "union";
	case BTF_KIND_FLOAT:
		return "floating point number";
	default:
		return "type";
	}
}

static bool schema_integer_size(__u32 size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static int schema_kind_of_int(const struct btf_type *t, enum pulsar_kind *kind)
{
	__u8 encoding = btf_int_encoding(t);

	if (!schema_integer_size(t->size) || btf_int_offset(t) || btf_int_bits(t) != 8 * t->size)
		return -EINVAL;
	if (encoding & BTF_INT_BOOL)
		*kind = PULSAR_KIND_BOOL;
	else if (encoding & BTF_INT_SIGNED)
		*kind = PULSAR_KIND_INT;
	else
		*kind = PULSAR_KIND_UINT;
	return 0;
}

/* char[N] and __u64[N]: an array of __u8 is bytes, and those are a struct pulsar_bytes. */
static int schema_kind_of_array(const struct btf *btf, const struct btf_type *t,
				enum pulsar_kind *kind, __u32 *size)
{
	__u32 id = btf_array(t)->type;
	const struct btf_type *element = schema_strip(btf, &id);
	__u32 n = btf_array(t)->nelems;

	if (!element || !btf_is_int(element) || !n || n > SCHEMA_ARRAY_MAX)
		return -EINVAL;
	if (element->size == 1 && !strcmp(schema_name(btf, element), "char"))
		*kind = PULSAR_KIND_CHARS;
	else if (element->size == 8 && !(btf_int_encoding(element) & BTF_INT_SIGNED))
		*kind = PULSAR_KIND_COUNTS;
	else
		return -EINVAL;
	*size = n * element->size;
	return 0;
}

static int schema_kind_of_struct(const struct btf *btf, const struct btf_type *t,
				 enum pulsar_kind *kind)
{
	for (size_t i = 0; i < COUNT(schema_structs); i++) {
		if (strcmp(schema_name(btf, t), schema_structs[i].name))
			continue;
		if (t->size != schema_structs[i].size)
			return -EINVAL;
		*kind = schema_structs[i].kind;
		return 0;
	}
	return -EINVAL;
}

int schema_kind_of_type(const struct btf *btf, __u32 id, enum pulsar_kind *kind, __u32 *size,
			struct pin_error *error)
{
	const struct btf_type *t = schema_strip(btf, &id);
	enum pulsar_kind k = PULSAR_KIND_NONE;
	__u32 bytes;
	int err = -EINVAL;

	if (!t)
		return error_set(error, -EINVAL, "its type is missing");
	bytes = t->size;
	if (btf_is_int(t)) {
		err = schema_kind_of_int(t, &k);
	} else if (btf_is_any_enum(t)) {
		k = PULSAR_KIND_ENUM;
		err = schema_integer_size(t->size) ? 0 : -EINVAL;
	} else if (btf_is_array(t)) {
		err = schema_kind_of_array(btf, t, &k, &bytes);
	} else if (btf_is_struct(t)) {
		err = schema_kind_of_struct(btf, t, &k);
	}
	if (err)
		return error_set(error, err, "%s%s%s cannot be a field", schema_what(t),
				 *schema_name(btf, t) ? " " : "", schema_name(btf, t));
	*kind = k;
	*size = bytes;
	return 0;
}

int schema_kind_of_tag(const char *tag, enum pulsar_kind *kind, __u32 size, __u32 *flags,
		       struct pin_error *error)
{
	for (size_t i = 0; i < COUNT(schema_flags); i++) {
		if (strcmp(tag, schema_flags[i].tag))
			continue;
		if (schema_flags[i].from && !(schema_flags[i].from & BIT(*kind)))
			return error_set(error, -EINVAL, "tag pulsar:%s is for %s", tag,
					 schema_flags[i].takes);
		*flags |= schema_flags[i].flag;
		return 0;
	}
	for (size_t i = 0; i < COUNT(schema_tags); i++) {
		if (strcmp(tag, schema_tags[i].tag))
			continue;
		/* A kind that a first tag made is in no row, so a second one fails here as well. */
		if (!(schema_tags[i].from & BIT(*kind)) ||
		    (schema_tags[i].size && schema_tags[i].size != size))
			return error_set(error, -EINVAL, "tag pulsar:%s is for %s", tag,
					 schema_tags[i].takes);
		*kind = schema_tags[i].kind;
		if (!strcmp(tag, "since"))
			*flags |= PULSAR_FIELD_SINCE;
		return 0;
	}
	return error_set(error, -EINVAL, "there is no tag pulsar:%s", tag);
}

__u32 schema_map_value(const struct btf *btf, const struct btf_type *var)
{
	__u32 id = var->type;
	const struct btf_type *definition = schema_strip(btf, &id);
	const struct btf_type *pointer;
	const char *name;

	if (!definition || !btf_is_struct(definition))
		return 0;
	for (int i = 0; i < btf_vlen(definition); i++) {
		name = btf__name_by_offset(btf, btf_members(definition)[i].name_off);
		pointer = btf__type_by_id(btf, btf_members(definition)[i].type);
		if (name && !strcmp(name, "value") && pointer && btf_is_ptr(pointer)) {
			id = pointer->type;
			return schema_strip(btf, &id) ? id : 0;
		}
	}
	return 0;
}

void schema_camel(const char *from, char *to, size_t room)
{
	bool up = true;
	size_t n = 0;

	for (; *from && n < room - 1; from++) {
		if (*from != '_')
			to[n++] = (char)(up ? toupper((unsigned char)*from) : *from);
		up = *from == '_';
	}
	to[n] = '\0';
}
