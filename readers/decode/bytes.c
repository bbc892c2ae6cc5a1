// SPDX-License-Identifier: Apache-2.0
/* Kind BYTES, and all kinds that this reader does not know: hexadecimal digits. */
#include "../put.h"
#include "decode.h"

static char *bytes_json(const struct field *field, const struct record *record, char *p,
			const char *end)
{
	struct pulsar_bytes span = field_span(field, record);

	if ((size_t)(end - p) < 2 * (size_t)span.len + field->room)
		return NULL;
	*p++ = '"';
	p = put_hex_bytes(p, record->bytes + span.offset, span.len);
	*p++ = '"';
	if (span.len < span.full)
		p = put_block(p, field->extra.cut, field->extra.cut_len);
	return p;
}

static char *bytes_text(const struct field *field, const struct record *record, char *p,
			const char *end)
{
	struct pulsar_bytes span = field_span(field, record);

	if ((size_t)(end - p) < 2 * (size_t)span.len + field->room)
		return NULL;
	p = put_hex_bytes(p, record->bytes + span.offset, span.len);
	return span.len < span.full ? put_lit(p, "…") : p;
}

static char *unknown_text(const struct field *field, const struct record *record, char *p,
			  const char *end)
{
	(void)end;
	return put_hex_bytes(p, record->bytes + field->offset, field->size);
}

static char *unknown_json(const struct field *field, const struct record *record, char *p,
			  const char *end)
{
	*p++ = '"';
	p = unknown_text(field, record, p, end);
	*p++ = '"';
	return p;
}

const struct decoder decode_bytes = {
	.size = sizeof(struct pulsar_bytes),
	.room = 16,
	.flags = DECODER_SPAN | DECODER_EXTRA,
	.json = bytes_json,
	.text = bytes_text,
};

const struct decoder decode_unknown = {
	.room = 2,
	.room_per_byte = 2,
	.json = unknown_json,
	.text = unknown_text,
};
