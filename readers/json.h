/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON strings out of bytes of any origin. Bytes that are no UTF-8 become
 * U+FFFD, one for each, and the exact bytes follow under a second key; a cut
 * value says so under a third.
 */
#ifndef READERS_JSON_H
#define READERS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most bytes that json_string() makes of `len`: each a \u001f. */
#define JSON_STRING_MAX(len) (6 * (size_t)(len) + 2)
/* The same with the hexadecimal copy of json_value(), without the keys. */
#define JSON_VALUE_MAX(len)  (8 * (size_t)(len) + 4)

/* What may follow a value, ready to copy. */
struct json_extra {
	char hex[48]; /* ,"name_hex": */
	char cut[64]; /* ,"name_truncated":true */
	uint8_t hex_len;
	uint8_t cut_len;
};

/**
 * json_string() - append bytes as a string, quotes included
 * @p: where; JSON_STRING_MAX(@len) bytes
 * @s: the bytes
 * @len: how many
 * @invalid: set if one of them was no UTF-8, else left alone
 *
 * Return: the new end.
 */
char *json_string(char *p, const uint8_t *s, size_t len, bool *invalid);

/**
 * json_value() - append bytes as a string, and what must be said about them
 * @p: where; JSON_VALUE_MAX(@len) bytes and those of @extra
 * @s: the bytes
 * @len: how many
 * @cut: there were more
 * @extra: keys of the exact bytes and of the cut
 *
 * Return: the new end.
 */
char *json_value(char *p, const uint8_t *s, size_t len, bool cut, const struct json_extra *extra);

#endif
