// SPDX-License-Identifier: Apache-2.0
/*
 * JSON strings: see json.h. Eight bytes at a time are copied and looked at,
 * because nearly all of them need neither escape nor check.
 */
#include "json.h"

#include <endian.h>

#include "put.h"
#include "utf8.h"

#define EACH_BYTE(x) (0x0101010101010101ull * (x))

/*
 * The high bit of each byte of `w` that cannot be copied as it is: control, quote,
 * backslash, not ASCII. Borrows make bits above the lowest one unreliable; the
 * lowest is exact.
 */
static inline uint64_t specials(uint64_t w)
{
	uint64_t quote = w ^ EACH_BYTE('"');
	uint64_t backslash = w ^ EACH_BYTE('\\');
	uint64_t control = (w - EACH_BYTE(0x20)) & ~w;

	quote = (quote - EACH_BYTE(1)) & ~quote;
	backslash = (backslash - EACH_BYTE(1)) & ~backslash;
	return (control | quote | backslash | w) & EACH_BYTE(0x80);
}

/* Up to eight bytes, the first lowest, without reading past them. */
static inline uint64_t load_bytes(const uint8_t *s, size_t len)
{
	uint64_t w;
	uint32_t low, high;

	if (len >= 8) {
		memcpy(&w, s, 8);
		return le64toh(w);
	}
	if (len >= 4) {
		memcpy(&low, s, 4);
		memcpy(&high, s + len - 4, 4);
		return le32toh(low) | (uint64_t)le32toh(high) << 8 * (len - 4);
	}
	return s[0] | (uint64_t)s[len / 2] << 8 * (len / 2) | (uint64_t)s[len - 1] << 8 * (len - 1);
}

static char *put_control(char *p, uint8_t c)
{
	static const char letters[0x20] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
	};

	if (letters[c]) {
		*p++ = '\\';
		*p++ = letters[c];
		return p;
	}
	p = put_lit(p, "\\u00");
	return put_hex_bytes(p, &c, 1);
}

/* One character that specials() found at *s; moves *s behind it. */
static char *put_special(char *p, const uint8_t **s, const uint8_t *end, bool *invalid)
{
	uint8_t c = **s;
	unsigned int len;
	uint32_t code;

	if (c < 0x20) {
		(*s)++;
		return put_control(p, c);
	}
	if (c < 0x80) {
		(*s)++;
		*p++ = '\\';
		*p++ = c;
		return p;
	}
	len = utf8_sequence(*s, end - *s, &code);
	if (!len) {
		(*s)++;
		*invalid = true;
		return put_lit(p, "\xef\xbf\xbd");
	}
	p = put_mem(p, *s, len);
	*s += len;
	return p;
}

char *json_string(char *p, const uint8_t *s, size_t len, bool *invalid)
{
	const uint8_t *end = s + len;

	*p++ = '"';
	while (s < end) {
		size_t n = end - s < 8 ? end - s : 8;
		uint64_t w = load_bytes(s, n);
		uint64_t special = specials(w) & ~0ull >> (64 - 8 * n);
		uint64_t store = htole64(w);

		memcpy(p, &store, 8);
		if (special)
			n = __builtin_ctzll(special) / 8;
		p += n;
		s += n;
		if (special)
			p = put_special(p, &s, end, invalid);
	}
	*p++ = '"';
	return p;
}

char *json_value(char *p, const uint8_t *s, size_t len, bool cut, const struct json_extra *extra)
{
	bool invalid = false;

	p = json_string(p, s, len, &invalid);
	if (invalid) {
		p = put_block(p, extra->hex, extra->hex_len);
		*p++ = '"';
		p = put_hex_bytes(p, s, len);
		*p++ = '"';
	}
	if (cut)
		p = put_block(p, extra->cut, extra->cut_len);
	return p;
}
