// SPDX-License-Identifier: Apache-2.0
/*
 * From a schema to a plan. The schema comes out of a map, so it is checked as
 * anything else from outside: what passes here cannot make an encoder read or
 * write where it must not, or print what is no JSON.
 */
#include "plan_compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "decode/dns.h"
#include "decode/syscall.h"
#include "derive/derive.h"

/* Up to the value of "time"; names are plain, so this needs no escapes. */
#define PREFIX "{\"header\":{\"schema\":1,\"module\":\"%s\",\"event\":\"%s\",\"time\":\""

/* Names come from C and from pins; nothing in them needs an escape, in JSON or on a terminal. */
static bool name_valid(const char *name)
{
	size_t len = strnlen(name, PULSAR_FIELD_NAME_LEN);

	return len > 0 && len < PULSAR_FIELD_NAME_LEN &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
		       len;
}

int compile_refuse(struct compiler *c, int err, const char *format, ...)
{
	const char *name = "";
	char text[128];
	va_list args;

	if (c->at < c->count && name_valid(c->entries[c->at].name))
		name = c->entries[c->at].name;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(c->error, c->error_size, "schema entry %zu%s%s: %s", c->at, *name ? " " : "", name,
		 text);
	return -err;
}

void plan_event_prefix(struct plan_event *event, const char *module)
{
	event->prefix_len =
		snprintf(event->prefix, sizeof(event->prefix), PREFIX, module, event->name);
}

static int compile_head(struct compiler *c)
{
	const struct pulsar_field *head = &c->entries[0];
	struct plan *plan = c->plan;

	if (c->count == 0 || head->kind != PULSAR_KIND_SCHEMA)
		return compile_refuse(c, EINVAL, "does not begin with a schema's head");
	if (c->count > PLAN_ENTRIES_MAX)
		return compile_refuse(c, E2BIG, "%zu entries, more than %d", c->count,
				      PLAN_ENTRIES_MAX);
	if (!name_valid(head->name))
		return compile_refuse(c, EINVAL, "not a module's name");
	if (head->event != PULSAR_ABI)
		return compile_refuse(c, EPROTO, "ABI %u, this reader knows %u", head->event,
				      PULSAR_ABI);
	memcpy(plan->module, head->name, sizeof(plan->module));
	plan->generation = (uint32_t)head->value;
	strcpy(plan->lost.name, "Lost");
	plan_event_prefix(&plan->lost, plan->module);
	return 0;
}

/* How many there are of what; each name is one. */
static int count_entries(struct compiler *c)
{
	struct plan *plan = c->plan;

	for (c->at = 1; c->at < c->count; c->at++) {
		const struct pulsar_field *entry = &c->entries[c->at];

		if (entry->kind == PULSAR_KIND_NONE)
			continue;
		if (!name_valid(entry->name))
			return compile_refuse(c, EINVAL, "the name is not one");
		if (entry->kind == PULSAR_KIND_EVENT)
			plan->event_count++;
		else if (entry->kind == PULSAR_KIND_ENUMERATOR)
			plan->enumerator_count++;
		else
			plan->field_count++;
	}
	if (plan->event_count > PLAN_EVENTS_MAX)
		return compile_refuse(c, E2BIG, "%zu events, more than %d", plan->event_count,
				      PLAN_EVENTS_MAX);
	return 0;
}

static int allocate(struct compiler *c)
{
	struct plan *plan = c->plan;

	/*
	 * One more than needed, so that none is empty, which could be NULL; and one event that is
	 * derived.
	 */
	plan->events = calloc(plan->event_count + 2, sizeof(*plan->events));
	plan->fields = calloc(plan->field_count + 1, sizeof(*plan->fields));
	plan->by_value = calloc(plan->enumerator_count + 1, sizeof(*plan->by_value));
	plan->by_bits = calloc(plan->enumerator_count + 1, sizeof(*plan->by_bits));
	if (!plan->events || !plan->fields || !plan->by_value || !plan->by_bits)
		return compile_refuse(c, ENOMEM, "out of memory");
	return 0;
}

/* ---- events ---- */

static int add_event(struct compiler *c, const struct pulsar_field *entry, struct plan_event *event)
{
	struct plan *plan = c->plan;

	if (entry->event == 0 || entry->event > UINT16_MAX)
		return compile_refuse(c, EINVAL, "%u is no event type", entry->event);
	if (plan_event_of(plan, entry->event))
		return compile_refuse(c, EINVAL, "event type %u is there twice", entry->event);
	if (entry->size < sizeof(struct pulsar_event) || entry->size > UINT16_MAX)
		return compile_refuse(c, EINVAL, "an event of %u bytes", entry->size);
	if (!strcmp(entry->name, plan->lost.name))
		return compile_refuse(c, EINVAL, "this name is for losses");
	memcpy(event->name, entry->name, sizeof(event->name));
	event->type = entry->event;
	event->selected = true;
	event->size = entry->size;
	event->main = PLAN_FIELDS_MAX;
	plan_event_prefix(event, plan->module);
	if (strlen(event->name) > plan->name_width)
		plan->name_width = strlen(event->name);
	return 0;
}

/* ---- fields ---- */

static void set_keys(struct field *field, const char *name)
{
	struct json_extra *extra = &field->extra;

	field->name_len = strlen(name);
	field->key_len = snprintf(field->key, sizeof(field->key), ",\"%s\":", name);
	extra->hex_len = snprintf(extra->hex, sizeof(extra->hex), ",\"%s_hex\":", name);
	extra->cut_len = snprintf(extra->cut, sizeof(extra->cut), ",\"%s_truncated\":true", name);
}

static bool names_equal(const struct field *field, const char *name, size_t len)
{
	return field->name_len == len && !memcmp(field_name(field), name, len);
}

/* Whether a field may print under this key, which is another field's name. */
static bool field_prints(const struct field *field, const struct field *other)
{
	const char *name = field_name(field), *key = field_name(other);
	size_t len = field->name_len, rest = other->name_len - len;
	char whole[PULSAR_FIELD_NAME_LEN] = "";

	if (names_equal(field, key, other->name_len))
		return true;
	if (field->decoder->flags & DECODER_IN_PLACE) {
		memcpy(whole, key, other->name_len);
		if (dns_prints(whole))
			return true;
	}
	if (!(field->decoder->flags & DECODER_EXTRA) || other->name_len < len ||
	    memcmp(key, name, len))
		return false;
	return (rest == 4 && !memcmp(key + len, "_hex", rest)) ||
	       (rest == 10 && !memcmp(key + len, "_truncated", rest));
}

static bool fields_clash(const struct field *a, const struct field *b)
{
	if (a->decoder->flags & b->decoder->flags & DECODER_IN_PLACE)
		return true;
	return field_prints(a, b) || field_prints(b, a);
}

static int check_keys(struct compiler *c, const struct field *field)
{
	const struct plan_event *event = c->event;

	for (uint32_t i = 0; i < event->count; i++) {
		if (fields_clash(&event->fields[i], field))
			return compile_refuse(c, EINVAL, "a key of %s is there twice", event->name);
	}
	return 0;
}

/* What the values of tables count must be integers, or an array of integers of eight bytes. */
static bool table_takes(const struct pulsar_field *entry)
{
	bool counts = entry->kind == PULSAR_KIND_COUNTS || entry->kind == PULSAR_KIND_SYSCALLS;

	if (counts && entry->size % sizeof(uint64_t))
		return false;
	if (entry->flags & PULSAR_FIELD_COUNTER && !counts && entry->kind != PULSAR_KIND_UINT)
		return false;
	return !(entry->flags & PULSAR_FIELD_SINCE) || entry->kind == PULSAR_KIND_TIME;
}

static int set_decoder(struct compiler *c, const struct pulsar_field *entry, struct field *field)
{
	const struct decoder *decoder = decoder_of(entry->kind);

	if (!decoder_takes(decoder, entry->size) || !table_takes(entry))
		return compile_refuse(c, EINVAL, "kind %u of %u bytes", entry->kind, entry->size);
	if ((uint64_t)entry->offset + entry->size > c->event->size)
		return compile_refuse(c, EINVAL, "lies outside of %s", c->event->name);
	field->decoder = decoder;
	field->flags = entry->flags;
	field->offset = entry->offset;
	field->size = entry->size;
	set_keys(field, entry->name);
	field->room = field->key_len + field->extra.hex_len + field->extra.cut_len + decoder->room +
		      decoder->room_per_byte * field->size;
	return 0;
}

static int set_names(struct compiler *c, const struct pulsar_field *entry, struct field *field)
{
	struct plan *plan = c->plan;

	if (entry->kind == PULSAR_KIND_ENUM || entry->kind == PULSAR_KIND_FLAGS)
		compile_group(plan, entry, field);
	if (entry->kind != PULSAR_KIND_SYSCALL && entry->kind != PULSAR_KIND_SYSCALLS)
		return 0;
	if (!plan->syscalls)
		plan->syscalls = syscall_names_new();
	field->syscalls = plan->syscalls;
	return plan->syscalls ? 0 : compile_refuse(c, ENOMEM, "out of memory");
}

static int add_field(struct compiler *c, const struct pulsar_field *entry, struct field *field)
{
	struct plan_event *event = c->event;
	int err;

	if (!event || entry->event != event->type)
		return compile_refuse(c, EINVAL, "not below its event");
	if (event->count == PLAN_FIELDS_MAX)
		return compile_refuse(c, E2BIG, "more than %d fields", PLAN_FIELDS_MAX);
	err = set_decoder(c, entry, field);
	if (!err)
		err = set_names(c, entry, field);
	if (!err)
		err = check_keys(c, field);
	if (err)
		return err;
	if (!event->count)
		event->fields = field;
	if (entry->flags & PULSAR_FIELD_MAIN && event->main == PLAN_FIELDS_MAX)
		event->main = event->count;
	event->count++;
	return 0;
}

/* ---- tables ---- */

static int add_table(struct compiler *c, const struct pulsar_field *entry)
{
	struct plan *plan = c->plan;
	struct plan_table *table = &plan->tables[plan->table_count];

	if (plan->table_count == PLAN_TABLES_MAX)
		return compile_refuse(c, E2BIG, "more than %d tables", PLAN_TABLES_MAX);
	if (!entry->event || entry->event > UINT16_MAX || !plan_event_of(plan, entry->event))
		return compile_refuse(c, EINVAL, "a table of no event");
	memcpy(table->name, entry->name, sizeof(table->name));
	table->event = plan_event_of(plan, entry->event);
	plan->events[table->event - plan->events].table = true;
	plan->table_count++;
	return 0;
}

/* ---- all of it ---- */

static int add_entries(struct compiler *c)
{
	struct plan_event *event = c->plan->events;
	struct field *field = c->plan->fields;
	int err = 0;

	for (c->at = 1; c->at < c->count && !err; c->at++) {
		const struct pulsar_field *entry = &c->entries[c->at];

		switch ((unsigned int)entry->kind) {
		case PULSAR_KIND_NONE:
			break;
		case PULSAR_KIND_TABLE:
			err = add_table(c, entry);
			break;
		case PULSAR_KIND_ENUMERATOR:
			c->event = NULL;
			break;
		case PULSAR_KIND_SCHEMA:
			err = compile_refuse(c, EINVAL, "a second head");
			break;
		case PULSAR_KIND_EVENT:
			err = add_event(c, entry, event);
			c->event = event++;
			break;
		default:
			err = add_field(c, entry, field++);
		}
	}
	return err;
}

static int compile(struct compiler *c)
{
	int err = compile_head(c);

	if (!err)
		err = count_entries(c);
	if (!err)
		err = allocate(c);
	if (err)
		return err;
	compile_enumerators(c);
	err = add_entries(c);
	if (!err)
		err = derive_compile(c);
	if (err)
		return err;
	for (size_t i = 0; i < c->plan->event_count; i++) {
		if (c->plan->events[i].main == PLAN_FIELDS_MAX)
			c->plan->events[i].main = 0;
	}
	return 0;
}

struct plan *plan_new(const struct pulsar_field *fields, size_t count, char *error,
		      size_t error_size)
{
	struct compiler c = {
		.plan = calloc(1, sizeof(struct plan)),
		.entries = fields,
		.count = count,
		.error = error,
		.error_size = error_size,
	};
	int err;

	if (!c.plan) {
		snprintf(error, error_size, "out of memory");
		errno = ENOMEM;
		return NULL;
	}
	err = compile(&c);
	if (err) {
		plan_free(c.plan);
		errno = -err;
		return NULL;
	}
	return c.plan;
}
