// SPDX-License-Identifier: Apache-2.0
/* Values as people write them in a configuration. */
#include "value.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

int value_bool(const char *text, bool *value)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (!strcasecmp(text, yes[i]) || !strcasecmp(text, no[i])) {
			*value = !strcasecmp(text, yes[i]);
			return 0;
		}
	}
	return -EINVAL;
}

/* strtoull(3) would take spaces and a sign, and would make a huge number of "-1". */
static int value_digits(const char *text, int base, uint64_t *value, const char **end)
{
	unsigned long long n;
	char *stop;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &stop, base);
	if (errno)
		return -ERANGE;
	*value = n;
	*end = stop;
	return 0;
}

int value_unsigned(const char *text, uint64_t *value)
{
	const char *end;
	uint64_t n;
	int err;

	err = value_digits(text, 0, &n, &end);
	if (err)
		return err;
	if (*end)
		return -EINVAL;
	*value = n;
	return 0;
}

int value_signed(const char *text, int64_t *value)
{
	bool negative = *text == '-';
	uint64_t n;
	int err;

	err = value_unsigned(text + (*text == '-' || *text == '+'), &n);
	if (err)
		return err;
	if (n > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*value = negative ? (int64_t)(0 - n) : (int64_t)n;
	return 0;
}

int value_size(const char *text, uint64_t *value)
{
	static const struct {
		char letter;
		unsigned int shift;
	} units[] = { { 'K', 10 }, { 'M', 20 }, { 'G', 30 } };
	unsigned int shift = 0;
	const char *end;
	uint64_t n;
	int err;

	err = value_digits(text, 10, &n, &end);
	if (err)
		return err;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (toupper((unsigned char)*end) == units[i].letter)
			shift = units[i].shift;
	if (shift)
		end++;
	if (*end)
		return -EINVAL;
	if (n > UINT64_MAX >> shift)
		return -ERANGE;
	*value = n << shift;
	return 0;
}
