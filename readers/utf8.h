/* SPDX-License-Identifier: Apache-2.0 */
/* Which bytes are a character: RFC 3629, section 4. */
#ifndef READERS_UTF8_H
#define READERS_UTF8_H

#include <stddef.h>
#include <stdint.h>

/**
 * utf8_sequence() - measure the character at the front of some bytes
 * @s: the bytes
 * @len: how many, at least 1
 * @code: out: the code point; written only if there is one
 *
 * Overlong forms, surrogates, code points above 10FFFF and characters that the end
 * cuts are no characters.
 *
 * Return: its length, 1 to 4; 0 if no character begins here.
 */
static inline unsigned int utf8_sequence(const uint8_t *s, size_t len, uint32_t *code)
{
	/* By length: the smallest code point that needs so many bytes. */
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int n;
	uint32_t c;

	if (s[0] < 0x80) {
		*code = s[0];
		return 1;
	}
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (len < n)
		return 0;
	c = s[0] & (0x7f >> n);
	for (unsigned int i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return n;
}

#endif
