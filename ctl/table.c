// SPDX-License-Identifier: Apache-2.0
/* Tables, and numbers as people read them. */
#include "table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_CELL_MAX 512 /* bytes; longer ones are cut */
#define TABLE_GAP      2   /* blanks between columns */

struct table_cell {
	char *text;
	enum table_colour colour;
};

struct table {
	const struct table_column *columns;
	unsigned int count; /* columns */
	bool colour;
	bool failed;
	struct table_cell *cells;
	size_t used, room;
};

char *ascii(char *text)
{
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return text;
}

struct table *table_new(const struct table_column *columns, bool colour)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->columns = columns;
	t->colour = colour;
	while (columns[t->count].title)
		t->count++;
	return t;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->used; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
}

static void table_add(struct table *t, enum table_colour colour, const char *text)
{
	struct table_cell *cells = t->cells;

	if (t->used == t->room) {
		cells = reallocarray(cells, t->room + 64, sizeof(*cells));
		if (!cells) {
			t->failed = true;
			return;
		}
		t->cells = cells;
		t->room += 64;
	}
	cells[t->used] = (struct table_cell){ .text = strdup(text), .colour = colour };
	if (cells[t->used].text)
		t->used++;
	else
		t->failed = true;
}

void table_cell(struct table *table, enum table_colour colour, const char *format, ...)
{
	char text[TABLE_CELL_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	table_add(table, colour, ascii(text));
}

/* ---- printing ---- */

const char *table_colour(enum table_colour colour)
{
	/* SGR sequences, ECMA-48, 8.3.117 */
	static const char *const sequences[] = {
		[TABLE_PLAIN] = "",	    [TABLE_GOOD] = "\033[32m", [TABLE_WARN] = "\033[33m",
		[TABLE_BAD] = "\033[1;31m", [TABLE_DIM] = "\033[2m",   [TABLE_BOLD] = "\033[1m",
	};

	return sequences[colour];
}

static void table_widths(const struct table *t, size_t *widths)
{
	for (unsigned int c = 0; c < t->count; c++)
		widths[c] = strlen(t->columns[c].title);
	for (size_t i = 0; i < t->used; i++) {
		size_t len = strlen(t->cells[i].text);

		if (len > widths[i % t->count])
			widths[i % t->count] = len;
	}
}

/* Prints so much of a text as the line still has room for. */
static void table_put(FILE *to, const char *text, size_t len, size_t *left)
{
	if (len > *left)
		len = *left;
	fwrite(text, 1, len, to);
	*left -= len;
}

static void table_pad(FILE *to, size_t len, size_t *left)
{
	while (len-- && *left)
		table_put(to, " ", 1, left);
}

static void table_print_cell(const struct table *t, FILE *to, unsigned int c,
			     const struct table_cell *cell, size_t width, size_t *left)
{
	const size_t len = strlen(cell->text);
	const bool coloured = t->colour && cell->colour != TABLE_PLAIN;

	table_pad(to, (c ? TABLE_GAP : 0) + (t->columns[c].right ? width - len : 0), left);
	if (coloured)
		fputs(table_colour(cell->colour), to);
	table_put(to, cell->text, len, left);
	if (coloured)
		fputs(TABLE_RESET, to);
	if (!t->columns[c].right)
		table_pad(to, width - len, left);
}

static void table_print_row(const struct table *t, FILE *to, const struct table_cell *row,
			    const size_t *widths, unsigned int width)
{
	size_t left = width ? width : (size_t)-1;
	unsigned int last = t->count - 1;

	while (last && !*row[last].text)
		last--;
	for (unsigned int c = 0; c < last; c++)
		table_print_cell(t, to, c, &row[c], widths[c], &left);
	table_print_cell(t, to, last, &row[last],
			 t->columns[last].right ? widths[last] : strlen(row[last].text), &left);
	fputc('\n', to);
}

int table_print(const struct table *table, FILE *to, unsigned int width)
{
	struct table_cell *titles = calloc(table->count, sizeof(*titles));
	size_t *widths = calloc(table->count, sizeof(*widths));
	int err = -ENOMEM;

	if (table->failed || !titles || !widths)
		goto out;
	table_widths(table, widths);
	for (unsigned int c = 0; c < table->count; c++)
		titles[c] = (struct table_cell){ (char *)table->columns[c].title, TABLE_BOLD };
	table_print_row(table, to, titles, widths, width);
	for (size_t i = 0; i + table->count <= table->used; i += table->count)
		table_print_row(table, to, &table->cells[i], widths, width);
	err = 0;
out:
	free(titles);
	free(widths);
	return err;
}

/* ---- numbers ---- */

const char *bytes_text(char text[16], unsigned long long bytes)
{
	static const char units[] = "KMGTPE";
	double value = (double)bytes;
	int unit = -1;

	while (value >= 1024 && units[unit + 1]) {
		value /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(text, 16, "%llu", bytes);
	else
		snprintf(text, 16, "%.*f%c", value < 10, value, units[unit]);
	return text;
}

const char *rate_text(char text[16], double rate)
{
	snprintf(text, 16, "%.*f", rate > 0 && rate < 100, rate);
	return text;
}

const char *duration_text(char text[24], unsigned long long seconds)
{
	const unsigned long long minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (days)
		snprintf(text, 24, "%llud %lluh", days, hours % 24);
	else if (hours)
		snprintf(text, 24, "%lluh %llum", hours, minutes % 60);
	else if (minutes)
		snprintf(text, 24, "%llum %llus", minutes, seconds % 60);
	else
		snprintf(text, 24, "%llus", seconds);
	return text;
}
