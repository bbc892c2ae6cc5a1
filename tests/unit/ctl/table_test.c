// SPDX-License-Identifier: Apache-2.0
/* Tables and numbers. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

static const struct table_column columns[] = {
	{ "NAME", false },
	{ "COUNT", true },
	{ "WHY", false },
	{},
};

/* The table as text, for the caller to free. */
static char *printed(const struct table *table)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	cr_assert(to);
	cr_assert_eq(table_print(table, to), 0);
	fclose(to);
	return text;
}

Test(table, columns_are_as_wide_as_they_need)
{
	struct table *table = table_new(columns, false);
	char *text;

	table_cell(table, TABLE_GOOD, "%s", "a-long-name");
	table_cell(table, TABLE_BAD, "%d", 5);
	table_cell(table, TABLE_PLAIN, "because");
	table_cell(table, TABLE_PLAIN, "b");
	table_cell(table, TABLE_PLAIN, "%d", 123456);
	table_cell(table, TABLE_PLAIN, "%s", "");
	text = printed(table);
	cr_expect_str_eq(text, "NAME          COUNT  WHY\n"
			       "a-long-name       5  because\n"
			       "b            123456\n");
	free(text);
	table_free(table);
}

Test(table, nothing_in_a_cell_steers_a_terminal)
{
	struct table *table = table_new(columns, true);
	char *all, *text;

	table_cell(table, TABLE_PLAIN, "%s", "\033]0;x\007\033[2J\r\n\t\x9b\x7f\xc2\x9b");
	table_cell(table, TABLE_PLAIN, "1");
	table_cell(table, TABLE_BAD, "%s", "\033[31m");
	all = printed(table);
	text = strchr(all, '\n') + 1;
	cr_expect_str_eq(text, "?]0;x??[2J???????      1  \033[1;31m?[31m\033[0m\n", "%s", text);
	free(all);
	table_free(table);
}

Test(table, a_cell_that_is_too_long_is_cut)
{
	struct table *table = table_new(columns, false);
	char name[5000], *text;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < 300; i++)
		table_cell(table, TABLE_PLAIN, "%s", name);
	text = printed(table);
	cr_expect_lt(strlen(strrchr(text, ' ')), 600);
	free(text);
	table_free(table);
}

Test(table, numbers_are_as_people_read_them)
{
	char text[24];

	cr_expect_str_eq(bytes_text(text, 0), "0");
	cr_expect_str_eq(bytes_text(text, 1023), "1023");
	cr_expect_str_eq(bytes_text(text, 1536), "1.5K");
	cr_expect_str_eq(bytes_text(text, 1 << 20), "1.0M");
	cr_expect_str_eq(bytes_text(text, ~0ull), "16E");
	cr_expect_str_eq(rate_text(text, 0), "0");
	cr_expect_str_eq(rate_text(text, 3.21), "3.2");
	cr_expect_str_eq(rate_text(text, 12345.6), "12346");
	cr_expect_str_eq(duration_text(text, 59), "59s");
	cr_expect_str_eq(duration_text(text, 200), "3m 20s");
	cr_expect_str_eq(duration_text(text, 7500), "2h 5m");
	cr_expect_str_eq(duration_text(text, 86400 * 12 + 3600 * 3), "12d 3h");
}
