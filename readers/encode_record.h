/* SPDX-License-Identifier: Apache-2.0 */
/* What both formats do with a record before they print it. */
#ifndef READERS_ENCODE_RECORD_H
#define READERS_ENCODE_RECORD_H

#include "encode.h"
#include "plan_event.h"

/* A record that was looked through. */
struct encode_record {
	const struct plan_event *event;
	struct record record;
	struct pulsar_event header; /* a copy: the record is not aligned */
};

/**
 * encode_open() - check a record before anything is read from it
 * @r: out: the record
 * @plan: of its module
 * @clock: for times
 * @bytes: the sample
 * @len: bytes of it
 *
 * Afterwards each span lies within the record, behind the event's struct.
 *
 * Return: LINE_OK, LINE_BAD, LINE_SKIPPED or LINE_GENERATION.
 */
enum encode_result encode_open(struct encode_record *r, const struct plan *plan,
			       struct clock_map *clock, const void *bytes, size_t len);

/**
 * encode_close() - append what was written behind the lines, or not
 * @out: where
 * @p: its end; NULL: there was no room
 *
 * Return: LINE_OK, LINE_FULL, or LINE_BAD where writing out lines would not make room.
 */
enum encode_result encode_close(struct out *out, const char *p);

/**
 * encode_cause() - the name of a cause of losses
 * @cause: the cause
 *
 * Return: a constant string.
 */
const char *encode_cause(enum pulsar_cause cause);

#endif
