// SPDX-License-Identifier: Apache-2.0
/* Tables and the less frequent ones of the appenders: see put.h. */
#include "put.h"

/* clang-format off */
#define TEN(d)	   d "0" d "1" d "2" d "3" d "4" d "5" d "6" d "7" d "8" d "9"
#define SIXTEEN(d) TEN(d) d "a" d "b" d "c" d "d" d "e" d "f"

const char put_decimal_pairs[201] =
	TEN("0") TEN("1") TEN("2") TEN("3") TEN("4") TEN("5") TEN("6") TEN("7") TEN("8") TEN("9");

const char put_hex_pairs[513] =
	SIXTEEN("0") SIXTEEN("1") SIXTEEN("2") SIXTEEN("3") SIXTEEN("4") SIXTEEN("5") SIXTEEN("6")
	SIXTEEN("7") SIXTEEN("8") SIXTEEN("9") SIXTEEN("a") SIXTEEN("b") SIXTEEN("c") SIXTEEN("d")
	SIXTEEN("e") SIXTEEN("f");
/* clang-format on */

char *put_hex(char *p, uint64_t x)
{
	unsigned int digits = x ? (67 - __builtin_clzll(x)) / 4 : 1;

	p = put_lit(p, "0x");
	for (unsigned int i = digits; i-- > 0; x >>= 4)
		p[i] = "0123456789abcdef"[x & 0xf];
	return p + digits;
}

char *put_octal(char *p, uint64_t x)
{
	unsigned int digits = x ? (66 - __builtin_clzll(x)) / 3 : 0;

	*p++ = '0';
	for (unsigned int i = digits; i-- > 0; x >>= 3)
		p[i] = '0' + (x & 7);
	return p + digits;
}
