/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was printed of the rows of tables, so that the next line about a row tells
 * what has changed since. Pure logic: no system call.
 *
 * The numbers in a row grow until it is removed, and then come once more as an
 * event. Whatever is printed of them is subtracted from what is printed next; so
 * the sum of the lines is what the last one had, and each number is in one line.
 */
#ifndef READERS_ROWS_H
#define READERS_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/types.h>

struct plan_event;
struct rows;

#define ROW_KEY_MAX 64 /* bytes of a map's key */

/** rows_new() - nothing was printed yet; NULL with errno ENOMEM. */
struct rows *rows_new(void);

/** rows_free() - NULL is fine. */
void rows_free(struct rows *rows);

/**
 * rows_change() - make a record tell what has changed since the last line
 * @rows: the rows
 * @event: of the record, an event of a table
 * @bytes: the record, at least event->size bytes; counters become what was added, and
 *	the time since when they count that of the last line
 * @key: of the row in its map; NULL: it was removed, and the record is what was left
 * @key_len: bytes of it, at most ROW_KEY_MAX
 *
 * If the record is printed, rows_said() follows, and in any case nothing but another
 * rows_change(), which forgets about this one.
 *
 * Return: true if there is something to print.
 */
bool rows_change(struct rows *rows, const struct plan_event *event, uint8_t *bytes, const void *key,
		 size_t key_len);

/**
 * rows_said() - the record of the last rows_change() was printed
 * @rows: the rows
 * @now_ns: CLOCK_BOOTTIME, the time of the line
 */
void rows_said(struct rows *rows, __u64 now_ns);

/**
 * rows_gone() - the row of the last rows_change() does not exist any more, and all of it was printed
 * @rows: the rows
 */
void rows_gone(struct rows *rows);

/**
 * rows_sweep() - forget rows that were removed without a last event
 * @rows: the rows
 * @now_ns: CLOCK_BOOTTIME
 * @age_ns: those that no rows_change() was about for so long
 */
void rows_sweep(struct rows *rows, __u64 now_ns, __u64 age_ns);

/** rows_count() - how many are known. */
size_t rows_count(const struct rows *rows);

#endif
