// SPDX-License-Identifier: Apache-2.0
/* Kinds UINT, INT, BOOL, HEX, MODE, OPTIONAL: numbers that need no table. */
#include "../put.h"
#include "decode.h"

static char *uint_any(const struct field *field, const struct record *record, char *p,
		      const char *end)
{
	(void)end;
	return put_u64(p, field_unsigned(field, record));
}

static char *int_any(const struct field *field, const struct record *record, char *p,
		     const char *end)
{
	(void)end;
	return put_s64(p, field_signed(field, record));
}

static char *bool_any(const struct field *field, const struct record *record, char *p,
		      const char *end)
{
	(void)end;
	return field_unsigned(field, record) ? put_lit(p, "true") : put_lit(p, "false");
}

static char *hex_text(const struct field *field, const struct record *record, char *p,
		      const char *end)
{
	(void)end;
	return put_hex(p, field_unsigned(field, record));
}

static char *hex_json(const struct field *field, const struct record *record, char *p,
		      const char *end)
{
	*p++ = '"';
	p = hex_text(field, record, p, end);
	*p++ = '"';
	return p;
}

static char *mode_text(const struct field *field, const struct record *record, char *p,
		       const char *end)
{
	(void)end;
	return put_octal(p, field_unsigned(field, record));
}

static char *mode_json(const struct field *field, const struct record *record, char *p,
		       const char *end)
{
	*p++ = '"';
	p = mode_text(field, record, p, end);
	*p++ = '"';
	return p;
}

static char *optional_json(const struct field *field, const struct record *record, char *p,
			   const char *end)
{
	int64_t number = field_signed(field, record);

	(void)end;
	return number < 0 ? put_lit(p, "null") : put_u64(p, number);
}

static char *optional_text(const struct field *field, const struct record *record, char *p,
			   const char *end)
{
	int64_t number = field_signed(field, record);

	(void)end;
	return number < 0 ? put_lit(p, "-") : put_u64(p, number);
}

const struct decoder decode_uint = {
	.size = ANY_INTEGER,
	.room = PUT_U64_MAX,
	.json = uint_any,
	.text = uint_any,
};

const struct decoder decode_int = {
	.size = ANY_INTEGER,
	.room = PUT_U64_MAX,
	.json = int_any,
	.text = int_any,
};

const struct decoder decode_bool = {
	.size = ANY_INTEGER,
	.room = 5,
	.json = bool_any,
	.text = bool_any,
};

const struct decoder decode_hex = {
	.size = ANY_INTEGER,
	.room = PUT_HEX_MAX + 2,
	.json = hex_json,
	.text = hex_text,
};

const struct decoder decode_mode = {
	.size = ANY_INTEGER,
	.room = 25,
	.json = mode_json,
	.text = mode_text,
};

const struct decoder decode_optional = {
	.size = ANY_INTEGER,
	.room = PUT_U64_MAX,
	.json = optional_json,
	.text = optional_text,
};
