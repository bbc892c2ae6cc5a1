/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appenders of the encoders. Each writes at `p` and returns the new end. None
 * checks for room: whoever calls them has made sure of the bytes that each
 * names. They may scribble on up to OUT_SLACK bytes behind what they write.
 */
#ifndef READERS_PUT_H
#define READERS_PUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PUT_U64_MAX 20 /* "18446744073709551615", also the longest signed one */
#define PUT_HEX_MAX 18 /* "0xffffffffffffffff" */

/* "00" to "99", and "00" to "ff" in lower case. */
extern const char put_decimal_pairs[201];
extern const char put_hex_pairs[513];

static inline char *put_mem(char *p, const void *bytes, size_t len)
{
	memcpy(p, bytes, len);
	return p + len;
}

/* A string constant; its length is known, so this becomes a few moves. */
#define put_lit(p, literal) put_mem(p, "" literal, sizeof(literal) - 1)

/*
 * Copies in pieces of 16: for bytes that lie in an array whose size is a multiple
 * of 16, where a call of memcpy() would cost more than the copy.
 */
static inline char *put_block(char *p, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i += 16)
		memcpy(p + i, bytes + i, 16);
	return p + len;
}

/* Exactly two decimal digits of x < 100. */
static inline char *put_pair(char *p, unsigned int x)
{
	return put_mem(p, put_decimal_pairs + 2 * x, 2);
}

static inline unsigned int decimal_digits(uint64_t x)
{
	unsigned int digits = 1;

	for (; x >= 10000; x /= 10000)
		digits += 4;
	return digits + (x >= 10) + (x >= 100) + (x >= 1000);
}

static inline char *put_u64(char *p, uint64_t x)
{
	unsigned int digits = decimal_digits(x);
	char *at = p + digits;

	for (; x >= 100; x /= 100) {
		at -= 2;
		put_pair(at, x % 100);
	}
	if (x >= 10)
		put_pair(p, x);
	else
		*p = '0' + x;
	return p + digits;
}

static inline char *put_s64(char *p, int64_t x)
{
	if (x >= 0)
		return put_u64(p, x);
	*p++ = '-';
	return put_u64(p, -(uint64_t)x);
}

/* Two characters for each byte. */
static inline char *put_hex_bytes(char *p, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++, p += 2)
		memcpy(p, put_hex_pairs + 2 * bytes[i], 2);
	return p;
}

/**
 * put_hex() - append "0x1f"
 * @p: where; PUT_HEX_MAX bytes
 * @x: the number
 *
 * Return: the new end.
 */
char *put_hex(char *p, uint64_t x);

/**
 * put_octal() - append "0644": a zero and the octal digits
 * @p: where; 23 bytes
 * @x: the number
 *
 * Return: the new end.
 */
char *put_octal(char *p, uint64_t x);

#endif
