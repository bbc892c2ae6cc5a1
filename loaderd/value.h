/* SPDX-License-Identifier: Apache-2.0 */
/* Values as people write them in a configuration: yes and no, numbers, sizes. Pure. */
#ifndef LOADERD_VALUE_H
#define LOADERD_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * value_bool() - yes, no, true, false, on, off, 1, 0, in any case.
 * @value: untouched on failure.
 *
 * Return: 0 or -EINVAL.
 */
int value_bool(const char *text, bool *value);

/**
 * value_unsigned() - a number in decimal, hexadecimal (0x) or octal (0), without sign.
 * @value: untouched on failure.
 *
 * Return: 0, -EINVAL no number, -ERANGE more than 64 bits.
 */
int value_unsigned(const char *text, uint64_t *value);

/**
 * value_signed() - the same with an optional sign.
 * @value: untouched on failure.
 *
 * Return: 0, -EINVAL no number, -ERANGE does not fit.
 */
int value_signed(const char *text, int64_t *value);

/**
 * value_size() - bytes in decimal, or with K, M or G in units of 1024, 1024^2, 1024^3.
 * @value: in bytes; untouched on failure.
 *
 * Return: 0, -EINVAL no size, -ERANGE more than 64 bits.
 */
int value_size(const char *text, uint64_t *value);

#endif
