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

static void table_print_cell(const struct table *t, FILE *to, unsigned int c,
			     const struct table_cell *cell, size_t width)
{
	const int pad = (int)(width - strlen(cell->text));
	const bool right = t->columns[c].right;
	const bool coloured = t->colour && cell->colour != TABLE_PLAIN && *cell->text;

	fprintf(to, "%*s%s%s%s%*s", (c ? TABLE_GAP : 0) + (right ? pad : 0), "",
		coloured ? table_colour(cell->colour) : "", cell->text, coloured ? TABLE_RESET : "",
		right ? 0 : pad, "");
}

static void table_print_row(const struct table *t, FILE *to, const struct table_cell *row,
			    const size_t *widths)
{
	unsigned int last = t->count - 1;

	while (last && !*row[last].text)
		last--;
	for (unsigned int c = 0; c < last; c++)
		table_print_cell(t, to, c, &row[c], widths[c]);
	/* No blanks at the end of a line. */
	table_print_cell(t, to, last, &row[last],
			 t->columns[last].right ? widths[last] : strlen(row[last].text));
	fputc('\n', to);
}

int table_print(const struct table *table, FILE *to)
{
	struct table_cell *titles = calloc(table->count, sizeof(*titles));
	size_t *widths = calloc(table->count, sizeof(*widths));
	int err = -ENOMEM;

	if (table->failed || !titles || !widths)
		goto out;
	table_widths(table, widths);
	for (unsigned int c = 0; c < table->count; c++)
		titles[c] = (struct table_cell){ (char *)table->columns[c].title, TABLE_BOLD };
	table_print_row(table, to, titles, widths);
	for (size_t i = 0; i + table->count <= table->used; i += table->count)
		table_print_row(table, to, &table->cells[i], widths);
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
