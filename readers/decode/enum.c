// SPDX-License-Identifier: Apache-2.0
/* Kind ENUM: the enumerator's name, or the number where there is none. */
#include "../put.h"
#include "decode.h"

/* The enumerators are sorted by value, so as signed numbers. */
static const struct enumerator *find(const struct field *field, int64_t value)
{
	uint32_t low = 0, high = field->enumerator_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if ((int64_t)field->enumerators[middle].value < value)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == field->enumerator_count || (int64_t)field->enumerators[low].value != value)
		return NULL;
	return &field->enumerators[low];
}

/* A number prints as signed if one of its names is negative. */
static char *put_number(const struct field *field, const struct record *record, char *p)
{
	if (field->enumerator_count && (int64_t)field->enumerators[0].value < 0)
		return put_s64(p, field_signed(field, record));
	return put_u64(p, field_unsigned(field, record));
}

static const struct enumerator *find_name(const struct field *field, const struct record *record)
{
	const struct enumerator *e = find(field, field_signed(field, record));

	return e ? e : find(field, field_unsigned(field, record));
}

static char *enum_json(const struct field *field, const struct record *record, char *p,
		       const char *end)
{
	const struct enumerator *e = find_name(field, record);

	(void)end;
	return e ? put_block(p, e->quoted, e->len) : put_number(field, record, p);
}

static char *enum_text(const struct field *field, const struct record *record, char *p,
		       const char *end)
{
	const struct enumerator *e = find_name(field, record);

	(void)end;
	return e ? put_mem(p, e->quoted + 1, e->len - 2) : put_number(field, record, p);
}

const struct decoder decode_enum = {
	.size = ANY_INTEGER,
	.room = sizeof(((struct enumerator *)0)->quoted),
	.json = enum_json,
	.text = enum_text,
};
