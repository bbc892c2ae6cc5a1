/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables for a terminal: cells are collected, then printed in columns as wide as
 * they need. Whatever is put into a cell, only printable ASCII comes out.
 */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stdbool.h>
#include <stdio.h>

enum table_colour {
	TABLE_PLAIN,
	TABLE_GOOD,
	TABLE_WARN,
	TABLE_BAD,
	TABLE_DIM,
	TABLE_BOLD,
};

struct table_column {
	const char *title;
	bool right; /* numbers */
};

struct table;

/**
 * table_new() - an empty table.
 * @columns: ended by one without a title; borrowed.
 * @colour: whether colours are printed.
 *
 * Memory that is missing later is told by table_print().
 *
 * Return: a table for table_free(), NULL with ENOMEM.
 */
struct table *table_new(const struct table_column *columns, bool colour);

/** table_cell() - the next cell of the row; the row ends with its last column. */
void table_cell(struct table *table, enum table_colour colour, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * table_print() - prints titles and rows.
 *
 * Return: 0 or -ENOMEM.
 */
int table_print(const struct table *table, FILE *to);

/** table_free() - NULL is fine. */
void table_free(struct table *table);

/** table_colour() - the escape sequence that turns a colour on, "" for TABLE_PLAIN. */
const char *table_colour(enum table_colour colour);

/* Turns all colours off. */
#define TABLE_RESET "\033[0m"

/** ascii() - replaces what is not printable ASCII by '?', in place. Returns the text. */
char *ascii(char *text);

/** bytes_text() - "1.5M", in units of 1024. */
const char *bytes_text(char text[16], unsigned long long bytes);

/** rate_text() - a number per second: "0", "3.2", "12345". */
const char *rate_text(char text[16], double rate);

/** duration_text() - "45s", "3m 20s", "2h 5m", "12d 3h". */
const char *duration_text(char text[24], unsigned long long seconds);

#endif
