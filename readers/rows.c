// SPDX-License-Identifier: Apache-2.0
/* Rows by their identity, in a hash table with chains; see rows.h. */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan_event.h"

#define CHAINS_FIRST 64 /* a power of two */

/* What tells one row from all others, and from one with the same key before it. */
struct row_id {
	uint16_t type;
	uint16_t len;
	uint8_t bytes[ROW_KEY_MAX];
};

struct row {
	struct row *next;
	struct row_id id;
	__u64 said_ns; /* CLOCK_BOOTTIME of the last line; 0: there was none */
	__u64 seen_ns; /* likewise, of the last sweep before which it was there */
	bool seen;
	size_t size;
	uint8_t last[]; /* the event's struct, as it was in that line */
};

struct rows {
	struct row **chains;
	size_t chain_count; /* a power of two */
	size_t count;
	struct row
		*row; /* that rows_change() was about; NULL: it is new, and all in `raw` counts */
	struct row_id id; /* of it */
	size_t size;
	bool pending;
	uint8_t raw[UINT16_MAX]; /* the struct, before the change */
};

struct rows *rows_new(void)
{
	struct rows *rows = calloc(1, sizeof(*rows));

	if (!rows)
		return NULL;
	rows->chain_count = CHAINS_FIRST;
	rows->chains = calloc(rows->chain_count, sizeof(*rows->chains));
	if (rows->chains)
		return rows;
	free(rows);
	return NULL;
}

void rows_free(struct rows *rows)
{
	if (!rows)
		return;
	for (size_t i = 0; i < rows->chain_count; i++) {
		while (rows->chains[i]) {
			struct row *row = rows->chains[i];

			rows->chains[i] = row->next;
			free(row);
		}
	}
	free(rows->chains);
	free(rows);
}

size_t rows_count(const struct rows *rows)
{
	return rows->count;
}

/* ---- identities ---- */

static void id_add(struct row_id *id, const void *bytes, size_t len)
{
	memcpy(id->bytes + id->len, bytes, len);
	id->len += len;
}

static const struct field *since_field(const struct plan_event *event)
{
	for (uint32_t i = 0; i < event->count; i++) {
		if (event->fields[i].flags & PULSAR_FIELD_SINCE)
			return &event->fields[i];
	}
	return NULL;
}

/*
 * A row that counts since some time is known by process and time, which an event of it
 * has as well; any other one by its key. False: an event of which nothing is known.
 */
static bool id_of(struct row_id *id, const struct plan_event *event, const uint8_t *bytes,
		  const void *key, size_t key_len)
{
	const struct field *since = since_field(event);
	struct pulsar_event header;

	memset(id, 0, sizeof(*id));
	id->type = event->type;
	if (!since) {
		if (key)
			id_add(id, key, key_len);
		return key;
	}
	memcpy(&header, bytes, sizeof(header));
	id_add(id, &header.tgid, sizeof(header.tgid));
	id_add(id, &header.start_time_ns, sizeof(header.start_time_ns));
	id_add(id, bytes + since->offset, since->size);
	return true;
}

static bool id_equal(const struct row_id *a, const struct row_id *b)
{
	return a->type == b->type && a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

/* FNV-1a, 64 bits. */
static struct row **id_chain(const struct rows *rows, const struct row_id *id)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < id->len; i++)
		hash = (hash ^ id->bytes[i]) * 0x100000001b3ull;
	hash ^= hash >> 32;
	return &rows->chains[hash & (rows->chain_count - 1)];
}

static struct row *row_find(const struct rows *rows, const struct row_id *id)
{
	struct row *row = *id_chain(rows, id);

	while (row && !id_equal(&row->id, id))
		row = row->next;
	return row;
}

/* Twice as many chains; without memory the old ones only get longer. */
static void rows_grow(struct rows *rows)
{
	struct row **old = rows->chains;
	size_t old_count = rows->chain_count;
	struct row **chains = calloc(2 * old_count, sizeof(*chains));

	if (!chains)
		return;
	rows->chains = chains;
	rows->chain_count = 2 * old_count;
	for (size_t i = 0; i < old_count; i++) {
		while (old[i]) {
			struct row *row = old[i];
			struct row **chain = id_chain(rows, &row->id);

			old[i] = row->next;
			row->next = *chain;
			*chain = row;
		}
	}
	free(old);
}

static struct row *row_new(struct rows *rows, const struct row_id *id, size_t size)
{
	struct row *row = calloc(1, sizeof(*row) + size);
	struct row **chain;

	if (!row)
		return NULL;
	if (rows->count >= rows->chain_count)
		rows_grow(rows);
	chain = id_chain(rows, id);
	row->id = *id;
	row->size = size;
	row->next = *chain;
	*chain = row;
	rows->count++;
	return row;
}

static void row_remove(struct rows *rows, struct row *row)
{
	struct row **at = id_chain(rows, &row->id);

	while (*at != row)
		at = &(*at)->next;
	*at = row->next;
	rows->count--;
	free(row);
}

/* ---- changes ---- */

/* A number of `size` bytes, 1 to 8, of the byte order of this machine. */
static uint64_t number_get(const uint8_t *at, size_t size)
{
	struct field field = { .size = size };
	struct record record = { .bytes = at };

	return field_unsigned(&field, &record);
}

static void number_set(uint8_t *at, size_t size, uint64_t number)
{
	uint32_t n32 = (uint32_t)number;
	uint16_t n16 = (uint16_t)number;
	uint8_t n8 = (uint8_t)number;

	switch (size) {
	case 1:
		memcpy(at, &n8, 1);
		break;
	case 2:
		memcpy(at, &n16, 2);
		break;
	case 4:
		memcpy(at, &n32, 4);
		break;
	default:
		memcpy(at, &number, 8);
	}
}

/*
 * Makes a counter what was added to it; true if that is anything. One of eight bytes that
 * is smaller began anew, a shorter one has wrapped.
 */
static bool counter_change(uint8_t *now, const uint8_t *last, size_t size)
{
	uint64_t number = number_get(now, size);
	uint64_t before = last ? number_get(last, size) : 0;

	if (before <= number || size < sizeof(number))
		number -= before;
	number_set(now, size, number);
	return number;
}

static bool counters_change(const struct field *field, uint8_t *bytes, const uint8_t *last)
{
	bool many = field->size > sizeof(uint64_t);
	size_t size = many ? sizeof(uint64_t) : field->size;
	bool changed = false;

	for (size_t at = field->offset; at < field->offset + field->size; at += size)
		changed |= counter_change(bytes + at, last ? last + at : NULL, size);
	return changed;
}

static bool field_change(const struct field *field, uint8_t *bytes, const struct row *row)
{
	const uint8_t *last = row && row->said_ns ? row->last : NULL;

	if (field->flags & PULSAR_FIELD_COUNTER)
		return counters_change(field, bytes, last);
	if (field->flags & PULSAR_FIELD_SINCE) {
		if (last)
			memcpy(bytes + field->offset, &row->said_ns, sizeof(row->said_ns));
		return false;
	}
	return last && memcmp(bytes + field->offset, last + field->offset, field->size);
}

static bool has_counters(const struct plan_event *event)
{
	for (uint32_t i = 0; i < event->count; i++) {
		if (event->fields[i].flags & PULSAR_FIELD_COUNTER)
			return true;
	}
	return false;
}

bool rows_change(struct rows *rows, const struct plan_event *event, uint8_t *bytes, const void *key,
		 size_t key_len)
{
	bool changed;

	rows->pending = id_of(&rows->id, event, bytes, key, key_len);
	rows->row = rows->pending ? row_find(rows, &rows->id) : NULL;
	/* After an upgrade the struct may be another one. */
	if (rows->row && rows->row->size != event->size) {
		row_remove(rows, rows->row);
		rows->row = NULL;
	}
	if (rows->row)
		rows->row->seen = true;
	rows->size = event->size;
	memcpy(rows->raw, bytes, event->size);
	/* Without counters the first sight of a row is news. */
	changed = !(rows->row && rows->row->said_ns) && !has_counters(event);
	for (uint32_t i = 0; i < event->count; i++)
		changed |= field_change(&event->fields[i], bytes, rows->row);
	return changed;
}

void rows_said(struct rows *rows, __u64 now_ns)
{
	if (!rows->pending)
		return;
	if (!rows->row)
		rows->row = row_new(rows, &rows->id, rows->size);
	/* Without memory the next line will tell all of it once more, and since when. */
	if (!rows->row)
		return;
	memcpy(rows->row->last, rows->raw, rows->size);
	rows->row->said_ns = now_ns;
	rows->row->seen = true;
}

void rows_gone(struct rows *rows)
{
	if (rows->row)
		row_remove(rows, rows->row);
	rows->row = NULL;
	rows->pending = false;
}

void rows_sweep(struct rows *rows, __u64 now_ns, __u64 age_ns)
{
	rows->row = NULL;
	rows->pending = false;
	for (size_t i = 0; i < rows->chain_count; i++) {
		struct row **at = &rows->chains[i];

		while (*at) {
			struct row *row = *at;

			if (row->seen || !row->seen_ns)
				row->seen_ns = now_ns;
			row->seen = false;
			if (now_ns - row->seen_ns < age_ns) {
				at = &row->next;
				continue;
			}
			*at = row->next;
			rows->count--;
			free(row);
		}
	}
}
