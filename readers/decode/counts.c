// SPDX-License-Identifier: Apache-2.0
/* Kinds COUNTS and SYSCALLS: an array of numbers as an object of those that are not 0. */
#include "../put.h"
#include "decode.h"
#include "syscall.h"

/* Of one number: its name in quotes, or its index; a colon, itself, a comma. */
#define ROOM_PER_COUNT 80

static uint64_t count_at(const struct field *field, const struct record *record, uint32_t i)
{
	uint64_t count;

	memcpy(&count, record->bytes + field->offset + i * sizeof(count), sizeof(count));
	return count;
}

/* Kind COUNTS has no names. */
static char *put_index(char *p, const struct field *field, uint32_t i)
{
	const char *name = field->syscalls ? syscall_name(field->syscalls, i) : NULL;

	return name ? put_mem(p, name, strlen(name)) : put_u64(p, i);
}

static char *counts_json(const struct field *field, const struct record *record, char *p,
			 const char *end)
{
	char *start = p;

	(void)end;
	*p++ = '{';
	for (uint32_t i = 0; i < field->size / sizeof(uint64_t); i++) {
		uint64_t count = count_at(field, record, i);

		if (!count)
			continue;
		if (p != start + 1)
			*p++ = ',';
		*p++ = '"';
		p = put_index(p, field, i);
		p = put_lit(p, "\":");
		p = put_u64(p, count);
	}
	*p++ = '}';
	return p;
}

static char *counts_text(const struct field *field, const struct record *record, char *p,
			 const char *end)
{
	char *start = p;

	(void)end;
	for (uint32_t i = 0; i < field->size / sizeof(uint64_t); i++) {
		uint64_t count = count_at(field, record, i);

		if (!count)
			continue;
		if (p != start)
			*p++ = ' ';
		p = put_index(p, field, i);
		*p++ = ':';
		p = put_u64(p, count);
	}
	return p == start ? put_lit(p, "-") : p;
}

const struct decoder decode_counts = {
	.room = 2,
	.room_per_byte = ROOM_PER_COUNT / sizeof(uint64_t),
	.json = counts_json,
	.text = counts_text,
};
