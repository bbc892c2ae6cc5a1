/* SPDX-License-Identifier: Apache-2.0 */
/* From records in a ring to a batch of lines, in the format that was asked for. */
#ifndef READERS_LINES_H
#define READERS_LINES_H

#include <stdbool.h>

#include "clock.h"
#include "encode.h"
#include "out.h"
#include "ring.h"

struct elf;
struct plan_event;
struct rows;

struct lines {
	struct rows *rows; /* of tables: what was printed of them */
	struct out out;
	struct clock_map clock;
	bool text;	       /* or JSON */
	bool colour;	       /* in text */
	unsigned char *record; /* RING_RECORD_MAX bytes: the record that is encoded */
	struct elf *elf;       /* the caller's; NULL: files are not looked at, no ElfOpened */
};

/**
 * lines_init() - begin an empty batch
 * @lines: storage of the caller, released with lines_release()
 * @text: lines for people
 * @colour: with colours
 *
 * Return: 0 or -ENOMEM.
 */
int lines_init(struct lines *lines, bool text, bool colour);

/* Frees the batch; all zero is fine. */
void lines_release(struct lines *lines);

/* Whether the batch is large enough to be written. */
static inline bool lines_due(const struct lines *lines)
{
	return lines->out.len >= OUT_FLUSH;
}

/**
 * lines_record() - append the record that ring_peek() found
 * @lines: the batch
 * @plan: of the record's generation
 * @ring: where the record is; stays there
 * @cpu: of the ring
 *
 * Of a record that was the row of a table, what was not printed yet.
 *
 * Return: as encode_json().
 */
enum encode_result lines_record(struct lines *lines, const struct plan *plan,
				const struct ring *ring, unsigned int cpu);

/**
 * lines_derive() - whether another line comes of the record that lines_record() has just taken
 * @lines: the batch
 * @plan: of the record's generation
 * @ring: where the record is
 *
 * Return: true if it does: lines_derived() appends it.
 */
bool lines_derive(struct lines *lines, const struct plan *plan, const struct ring *ring);

/**
 * lines_derived() - append the other line
 * @lines: the batch
 * @plan: of the record's generation
 * @ring: where the record is
 * @cpu: of the ring
 *
 * Return: as encode_json().
 */
enum encode_result lines_derived(struct lines *lines, const struct plan *plan,
				 const struct ring *ring, unsigned int cpu);

/* One value of a table. */
struct table_row {
	const struct plan_event *event; /* that the table's values are */
	const void *key;
	size_t key_size;
	const void *value; /* any bytes */
	size_t value_size; /* from the size of the event's struct to RING_RECORD_MAX */
	__u64 time_ns;	   /* CLOCK_BOOTTIME of the look */
};

/**
 * lines_row() - append what has changed in a row since its last line
 * @lines: the batch
 * @plan: of the table
 * @row: see there
 *
 * Return: as encode_json(); LINE_SKIPPED also if nothing has changed, or the row is not in use.
 */
enum encode_result lines_row(struct lines *lines, const struct plan *plan,
			     const struct table_row *row);

/**
 * lines_lost() - append a line that says what is missing here
 * @lines: the batch
 * @plan: of the module
 * @loss: what is missing
 *
 * Return: as encode_lost_json().
 */
enum encode_result lines_lost(struct lines *lines, const struct plan *plan,
			      const struct encode_loss *loss);

#endif
