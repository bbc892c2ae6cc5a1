/* SPDX-License-Identifier: Apache-2.0 */
/* A schema and a record, built field by field, and the line that becomes of them. */
#ifndef TESTS_DECODE_LAB_H
#define TESTS_DECODE_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/types.h>
#include <pulsar/schema.h>

#include "encode.h"

#define LAB_EVENT 7
/* CLOCK_BOOTTIME 0 is this time of day, 2026-11-22T15:04:05Z. */
#define LAB_EPOCH 1795359845ull

struct lab {
	struct pulsar_field fields[256];
	size_t count;
	struct pulsar_event header; /* size is filled in */
	uint8_t fixed[4096];	    /* the event's struct */
	size_t fixed_len;
	uint8_t tail[65536]; /* what lies behind it */
	size_t tail_len;
	size_t spans[64]; /* offsets of spans in fixed: made absolute at the end */
	size_t span_count;
	uint8_t record[70000];
	size_t len;
	struct plan *plan;
	struct clock_map clock;
	struct out out;
};

/* Module test-module, generation 3, event Sample; pid 42 runs /usr/bin/touch. */
struct lab *lab_new(void);
void lab_free(struct lab *lab);

/* A field with a value of its own bytes. */
struct pulsar_field *lab_field(struct lab *lab, enum pulsar_kind kind, const char *name,
			       const void *value, size_t size);
/* The same for what fits into an integer. */
struct pulsar_field *lab_number(struct lab *lab, enum pulsar_kind kind, const char *name,
				size_t size, int64_t value);
/* A field whose bytes lie behind the struct; `full` bytes there were. */
struct pulsar_field *lab_span(struct lab *lab, enum pulsar_kind kind, const char *name,
			      const void *bytes, size_t len, size_t full);
void lab_enumerator(struct lab *lab, const char *name, uint32_t group, int64_t value,
		    uint64_t mask);
/* Bytes behind the struct for one of the header's spans. */
void lab_header_span(struct lab *lab, struct pulsar_string *span, const char *bytes, size_t full);

/* The plan and the record of what was added. Fails the test if there is none. */
void lab_build(struct lab *lab);
/* Whole line without its newline; fails the test unless it is valid JSON with keys that are unique. */
const char *lab_json(struct lab *lab);
/* What is in the payload, braces included. */
const char *lab_payload(struct lab *lab);
/* Whole line without its newline. */
const char *lab_text(struct lab *lab, bool colour);
/* What comes behind time, event and process. */
const char *lab_fields_text(struct lab *lab);

/* Fails the test unless `out` holds whole lines of valid JSON objects. */
void lab_check_lines(const struct out *out);

#endif
