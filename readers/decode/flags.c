// SPDX-License-Identifier: Apache-2.0
/*
 * Kind FLAGS: the names of the bits. A name stands for the value that the bits of
 * its mask have; names of several bits come first, so that O_SYNC is not O_DSYNC
 * as well, and a zero can have a name (O_RDONLY). What no name covers follows as
 * one hexadecimal number.
 */
#include "../put.h"
#include "decode.h"

/* What is left to name while the names are gone through. */
struct remainder {
	uint64_t value; /* of the field */
	uint64_t all;	/* the bits that a field of this size has */
	uint64_t named; /* bits of the names so far */
	uint32_t next;	/* enumerator to look at */
};

static struct remainder remainder_of(const struct field *field, const struct record *record)
{
	return (struct remainder){
		.value = field_unsigned(field, record),
		.all = ~0ull >> (64 - 8 * field->size),
	};
}

/*
 * The next name that says something new. Each one names at least one bit that
 * had none, which is why FLAGS_ROOM is enough.
 */
static const struct enumerator *next_name(const struct field *field, struct remainder *rest)
{
	while (rest->next < field->enumerator_count) {
		const struct enumerator *e = &field->enumerators[rest->next++];
		uint64_t mask = e->mask & rest->all;
		uint64_t value = e->value & rest->all;
		uint64_t new = (value ? value : mask) & ~rest->named;

		if ((rest->value & mask) != value || !new || (e->value && !value))
			continue;
		if (!value && (mask & rest->named))
			continue;
		rest->named |= mask;
		return e;
	}
	return NULL;
}

static char *flags_json(const struct field *field, const struct record *record, char *p,
			const char *end)
{
	struct remainder rest = remainder_of(field, record);
	const struct enumerator *e;
	char *start = p;

	(void)end;
	while ((e = next_name(field, &rest))) {
		*p++ = ',';
		p = put_block(p, e->quoted, e->len);
	}
	if (rest.value & ~rest.named) {
		p = put_lit(p, ",\"");
		p = put_hex(p, rest.value & ~rest.named);
		*p++ = '"';
	}
	if (p == start)
		return put_lit(p, "[]");
	*start = '[';
	*p++ = ']';
	return p;
}

static char *flags_text(const struct field *field, const struct record *record, char *p,
			const char *end)
{
	struct remainder rest = remainder_of(field, record);
	const struct enumerator *e;
	char *start = p;

	(void)end;
	while ((e = next_name(field, &rest))) {
		p = put_mem(p, e->quoted + 1, e->len - 2);
		*p++ = '|';
	}
	if (rest.value & ~rest.named) {
		p = put_hex(p, rest.value & ~rest.named);
		*p++ = '|';
	}
	return p == start ? put_lit(p, "0") : p - 1;
}

const struct decoder decode_flags = {
	.size = ANY_INTEGER,
	.room = 64 * sizeof(((struct enumerator *)0)->quoted) + 2 * PUT_HEX_MAX,
	.json = flags_json,
	.text = flags_text,
};
