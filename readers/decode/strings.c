// SPDX-License-Identifier: Apache-2.0
/*
 * Kinds CHARS, STRING, STRINGS. JSON has the exact bytes of what is no UTF-8 under
 * <name>_hex: a string for a string, an array for an array.
 */
#include "../put.h"
#include "../text.h"
#include "decode.h"

static char *chars_json(const struct field *field, const struct record *record, char *p,
			const char *end)
{
	const uint8_t *s = record->bytes + field->offset;

	(void)end;
	return json_value(p, s, strnlen((const char *)s, field->size), false, &field->extra);
}

static char *chars_text(const struct field *field, const struct record *record, char *p,
			const char *end)
{
	const uint8_t *s = record->bytes + field->offset;

	(void)end;
	return text_string(p, s, strnlen((const char *)s, field->size), false);
}

static char *string_json(const struct field *field, const struct record *record, char *p,
			 const char *end)
{
	struct pulsar_bytes span = field_span(field, record);

	if ((size_t)(end - p) < JSON_VALUE_MAX(span.len) + field->room)
		return NULL;
	return json_value(p, record->bytes + span.offset, span.len, span.len < span.full,
			  &field->extra);
}

static char *string_text(const struct field *field, const struct record *record, char *p,
			 const char *end)
{
	struct pulsar_bytes span = field_span(field, record);

	if ((size_t)(end - p) < TEXT_STRING_MAX(span.len) + field->room)
		return NULL;
	return text_string(p, record->bytes + span.offset, span.len, span.len < span.full);
}

/* Bytes of the string at s; the last one of a vector that was cut has no NUL. */
static size_t element_len(const uint8_t *s, const uint8_t *end)
{
	return strnlen((const char *)s, end - s);
}

/* Per byte, NUL included: six of an escape, or `"",` for an empty string. */
static char *put_array(char *p, const uint8_t *s, const uint8_t *end, bool *invalid)
{
	*p++ = '[';
	for (size_t len; s < end; s += len + 1) {
		len = element_len(s, end);
		p = json_string(p, s, len, invalid);
		*p++ = ',';
	}
	p -= p[-1] == ',';
	*p++ = ']';
	return p;
}

static char *put_hex_array(char *p, const uint8_t *s, const uint8_t *end)
{
	*p++ = '[';
	for (size_t len; s < end; s += len + 1) {
		len = element_len(s, end);
		*p++ = '"';
		p = put_hex_bytes(p, s, len);
		p = put_lit(p, "\",");
	}
	p[-1] = ']';
	return p;
}

static char *strings_json(const struct field *field, const struct record *record, char *p,
			  const char *end)
{
	struct pulsar_bytes span = field_span(field, record);
	const uint8_t *s = record->bytes + span.offset;
	bool invalid = false;

	/* A last string without NUL has its quotes and comma out of nothing: the + 1. */
	if ((size_t)(end - p) < 9 * ((size_t)span.len + 1) + field->room)
		return NULL;
	p = put_array(p, s, s + span.len, &invalid);
	if (invalid) {
		p = put_block(p, field->extra.hex, field->extra.hex_len);
		p = put_hex_array(p, s, s + span.len);
	}
	if (span.len < span.full)
		p = put_block(p, field->extra.cut, field->extra.cut_len);
	return p;
}

static char *strings_text(const struct field *field, const struct record *record, char *p,
			  const char *end)
{
	struct pulsar_bytes span = field_span(field, record);
	const uint8_t *s = record->bytes + span.offset, *s_end = s + span.len;

	if ((size_t)(end - p) < 5 * ((size_t)span.len + 1) + field->room)
		return NULL;
	*p++ = '[';
	for (size_t len; s < s_end; s += len + 1) {
		len = element_len(s, s_end);
		p = text_string(p, s, len, false);
		*p++ = ' ';
	}
	p -= p[-1] == ' ';
	if (span.len < span.full)
		p = put_lit(p, "…");
	*p++ = ']';
	return p;
}

const struct decoder decode_chars = {
	.room = 16,
	.room_per_byte = 8,
	.flags = DECODER_EXTRA,
	.json = chars_json,
	.text = chars_text,
};

const struct decoder decode_string = {
	.size = sizeof(struct pulsar_string),
	.room = 16,
	.flags = DECODER_SPAN | DECODER_EXTRA,
	.json = string_json,
	.text = string_text,
};

const struct decoder decode_strings = {
	.size = sizeof(struct pulsar_strings),
	.room = 16,
	.flags = DECODER_SPAN | DECODER_EXTRA,
	.json = strings_json,
	.text = strings_text,
};
