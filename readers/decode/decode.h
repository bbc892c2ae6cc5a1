/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kinds of include/pulsar/schema.h print: one row in a table for each.
 * A decoder sees one field of one record, and knows nothing of modules or events.
 */
#ifndef READERS_DECODE_DECODE_H
#define READERS_DECODE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/types.h>
#include <pulsar/schema.h>

#include "../json.h"

struct clock_map;
struct syscall_names;

/* A record whose size and whose spans were checked. */
struct record {
	const uint8_t *bytes;	 /* not aligned */
	uint32_t size;		 /* pulsar_event.size */
	struct clock_map *clock; /* for times */
};

/* One name of an enum or of a bit. */
struct enumerator {
	uint64_t value;
	uint64_t mask;
	uint32_t group;
	uint32_t order;	 /* where the schema has it */
	uint8_t len;	 /* of quoted */
	char quoted[48]; /* "O_RDONLY", with its quotes */
};

/* One field of an event, ready to print. */
struct field {
	const struct decoder *decoder;
	uint32_t offset;
	uint32_t size;
	uint32_t room;	/* bytes that the decoder writes without asking, key included */
	uint32_t flags; /* PULSAR_FIELD_MAIN, ... */
	uint8_t key_len;
	uint8_t name_len;
	char key[48];			      /* ,"name": */
	const struct enumerator *enumerators; /* ENUM: by value; FLAGS: most bits first */
	uint32_t enumerator_count;
	const struct syscall_names *syscalls; /* SYSCALL, SYSCALLS */
	struct json_extra extra;
};

static inline const char *field_name(const struct field *field)
{
	return field->key + 2;
}

/*
 * Appends the value of a field at p. There is room for field->room bytes; who needs more
 * looks at `end`, and returns NULL if they are not there. Else returns the new end.
 */
typedef char *(*decode_fn)(const struct field *field, const struct record *record, char *p,
			   const char *end);

#define ANY_INTEGER	 UINT32_MAX /* 1, 2, 4 or 8 */
#define DECODER_SPAN	 0x1u /* the field is an offset and a length: checked before it is decoded */
#define DECODER_EXTRA	 0x2u /* json may add what struct json_extra has */
#define DECODER_IN_PLACE 0x4u /* json writes its own keys, each with the comma before it */

struct decoder {
	uint32_t size;		/* that the field must have, or ANY_INTEGER; 0: any */
	uint32_t room;		/* bytes of the longest value */
	uint32_t room_per_byte; /* ... and for each byte of the field */
	uint32_t flags;		/* DECODER_SPAN, ... */
	decode_fn json;
	decode_fn text; /* for a terminal: what comes out must not steer it */
};

/**
 * decoder_of() - the row of a kind
 * @kind: any number
 *
 * Return: never NULL; what is not known prints as hexadecimal bytes.
 */
const struct decoder *decoder_of(uint32_t kind);

/**
 * decoder_takes() - check the size of a field
 * @decoder: of its kind
 * @size: bytes
 */
bool decoder_takes(const struct decoder *decoder, uint32_t size);

/* The integer of a field, as unsigned; a negative one of four bytes is 0xffffffff. */
static inline uint64_t field_unsigned(const struct field *field, const struct record *record)
{
	const uint8_t *at = record->bytes + field->offset;
	uint16_t x2;
	uint32_t x4;
	uint64_t x8;

	switch (field->size) {
	case 1:
		return *at;
	case 2:
		memcpy(&x2, at, 2);
		return x2;
	case 4:
		memcpy(&x4, at, 4);
		return x4;
	default:
		memcpy(&x8, at, 8);
		return x8;
	}
}

static inline int64_t field_signed(const struct field *field, const struct record *record)
{
	unsigned int shift = 64 - 8 * field->size;

	return (int64_t)(field_unsigned(field, record) << shift) >> shift;
}

/* The three span types share a layout; this reads any of them. */
static inline struct pulsar_bytes field_span(const struct field *field, const struct record *record)
{
	struct pulsar_bytes span;

	memcpy(&span, record->bytes + field->offset, sizeof(span));
	return span;
}

/* One row for each kind, in the file of its name; the first six are in integer.c. */
extern const struct decoder decode_uint, decode_int, decode_bool, decode_hex, decode_mode;
extern const struct decoder decode_optional;
extern const struct decoder decode_counts;
extern const struct decoder decode_enum, decode_flags, decode_errno, decode_signal, decode_time;
extern const struct decoder decode_address, decode_dns, decode_capabilities, decode_syscall;
/* In strings.c. */
extern const struct decoder decode_chars, decode_string, decode_strings;
/* In bytes.c. */
extern const struct decoder decode_bytes, decode_unknown;

#endif
