// SPDX-License-Identifier: Apache-2.0
/* Strings for a terminal: see text.h. */
#include "text.h"

#include "put.h"
#include "utf8.h"

static bool wants_quotes(const uint8_t *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == ' ' || s[i] == '"' || s[i] == '=')
			return true;
	}
	return len == 0;
}

/* Above ASCII: C1 controls, line and paragraph separator, and what sets the direction. */
static bool steers(uint32_t c)
{
	return (c >= 0x80 && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static char *put_byte(char *p, uint8_t byte)
{
	p = put_lit(p, "\\x");
	return put_hex_bytes(p, &byte, 1);
}

static char *put_code(char *p, uint32_t code)
{
	const uint8_t bytes[] = { code >> 8, code };
	bool small = code < 0x100;

	p = put_lit(p, "\\u{");
	p = put_hex_bytes(p, bytes + small, 2 - small);
	*p++ = '}';
	return p;
}

/* One character at s, of which `*n` bytes were used. */
static char *put_character(char *p, const uint8_t *s, size_t len, unsigned int *n)
{
	uint32_t code;

	*n = utf8_sequence(s, len, &code);
	if (*n == 0) {
		*n = 1;
		return put_byte(p, s[0]);
	}
	if (code < 0x20 || code == 0x7f)
		return put_byte(p, s[0]);
	if (steers(code))
		return put_code(p, code);
	return put_mem(p, s, *n);
}

char *text_string(char *p, const uint8_t *s, size_t len, bool cut)
{
	bool quotes = wants_quotes(s, len);
	unsigned int n;

	if (quotes)
		*p++ = '"';
	for (size_t i = 0; i < len; i += n) {
		n = 1;
		if (s[i] == '\\' || (s[i] == '"' && quotes)) {
			*p++ = '\\';
			*p++ = s[i];
		} else if (s[i] > ' ' && s[i] < 0x7f) {
			*p++ = s[i];
		} else {
			p = put_character(p, s + i, len - i, &n);
		}
	}
	if (quotes)
		*p++ = '"';
	return cut ? put_lit(p, "…") : p;
}
