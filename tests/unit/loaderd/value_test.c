// SPDX-License-Identifier: Apache-2.0
/* Values as people write them. */
#include <criterion/criterion.h>
#include <errno.h>

#include "budget.h"
#include "config.h"
#include "value.h"

Test(value, yes_and_no_have_many_names)
{
	const char *const yes[] = { "yes", "true", "on", "1", "YES", "True" };
	const char *const no[] = { "no", "false", "off", "0", "Off" };
	const char *const neither[] = { "", "2", "y", "yes ", "maybe" };
	bool value = true;

	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		cr_expect(!value_bool(yes[i], &value) && value, "%s", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		cr_expect(!value_bool(no[i], &value) && !value, "%s", no[i]);
	for (size_t i = 0; i < sizeof(neither) / sizeof(*neither); i++)
		cr_expect_eq(value_bool(neither[i], &value), -EINVAL, "%s", neither[i]);
}

struct number_row {
	const char *text;
	int err;
	uint64_t value;
};

Test(value, unsigned_numbers_have_no_sign_and_nothing_behind)
{
	static const struct number_row rows[] = {
		{ "0", 0, 0 },
		{ "42", 0, 42 },
		{ "0x1f", 0, 31 },
		{ "0755", 0, 0755 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "x", -EINVAL, 0 },
		{ "1K", -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t value = 7;

		cr_expect_eq(value_unsigned(rows[i].text, &value), rows[i].err, "%s", rows[i].text);
		cr_expect_eq(value, rows[i].err ? 7 : rows[i].value, "%s", rows[i].text);
	}
}

Test(value, signed_numbers_reach_both_ends)
{
	static const struct {
		const char *text;
		int err;
		int64_t value;
	} rows[] = {
		{ "-1", 0, -1 },
		{ "+7", 0, 7 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "-9223372036854775808", 0, INT64_MIN },
		{ "-9223372036854775809", -ERANGE, 0 },
		{ "--1", -EINVAL, 0 },
		{ "-", -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t value = 7;

		cr_expect_eq(value_signed(rows[i].text, &value), rows[i].err, "%s", rows[i].text);
		cr_expect_eq(value, rows[i].err ? 7 : rows[i].value, "%s", rows[i].text);
	}
}

Test(value, sizes_have_units_of_1024)
{
	static const struct number_row rows[] = {
		{ "4096", 0, 4096 },   { "64K", 0, 65536 },
		{ "1m", 0, 1048576 },  { "2G", 0, 2147483648 },
		{ "1KB", -EINVAL, 0 }, { "K", -EINVAL, 0 },
		{ "1T", -EINVAL, 0 },  { "18446744073709551615K", -ERANGE, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t value = 7;

		cr_expect_eq(value_size(rows[i].text, &value), rows[i].err, "%s", rows[i].text);
		cr_expect_eq(value, rows[i].err ? 7 : rows[i].value, "%s", rows[i].text);
	}
}

/* ---- the memory of all rings ---- */

Test(budget, rings_that_fit_stay_as_they_are)
{
	const uint64_t sizes[] = { 1 << 20, 1 << 20 };

	cr_expect_eq(budget_fit(sizes, 2, 2, 64 << 20), 0);
	cr_expect_eq(budget_total(sizes, 2, 2, 0), 4 << 20);
}

Test(budget, rings_are_halved_until_they_fit)
{
	const uint64_t sizes[] = { 1 << 20, 4 << 20 };

	/* 5 MiB on each of 64 CPUs are 320. */
	cr_expect_eq(budget_fit(sizes, 2, 64, 100 << 20), 2);
	cr_expect_eq(budget_total(sizes, 2, 64, 2), 80 << 20);
}

Test(budget, no_ring_gets_smaller_than_the_least)
{
	const uint64_t sizes[] = { 1 << 20, 64 << 10, 8 << 10 };
	unsigned int shift = budget_fit(sizes, 3, 1024, 1 << 20);

	cr_expect_eq(shift, 4);
	cr_expect_eq(budget_size(sizes[0], shift), CONFIG_RING_MIN);
	cr_expect_eq(budget_size(sizes[1], shift), CONFIG_RING_MIN);
	cr_expect_eq(budget_size(sizes[2], shift), 8 << 10, "asked for, so it stays");
}
