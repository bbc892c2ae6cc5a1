// SPDX-License-Identifier: Apache-2.0
/* From one event to another: see derive.h. */
#include "derive/derive.h"

#include <errno.h>
#include <string.h>

#include "derive/elf.h"
#include "plan_compile.h"

/* A field of the event that has the flag; NULL: none. */
static const struct field *elf_field(const struct plan_event *event)
{
	for (uint32_t i = 0; i < event->count; i++)
		if (event->fields[i].flags & PULSAR_FIELD_ELF)
			return &event->fields[i];
	return NULL;
}

static bool name_taken(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->event_count; i++)
		if (!strcmp(plan->events[i].name, name))
			return true;
	return false;
}

/* The same event under another name. No record has its type. */
static int add_derived(struct compiler *c, struct plan_event *from, const struct field *field)
{
	struct plan *plan = c->plan;
	struct plan_event *to = &plan->events[plan->event_count];

	if (field->size != sizeof(struct pulsar_string) || from->table)
		return compile_refuse(c, EINVAL, "%.*s is not the path of a file", field->name_len,
				      field_name(field));
	if (name_taken(plan, ELF_EVENT))
		return compile_refuse(c, EINVAL, "a second event %s", ELF_EVENT);
	*to = *from;
	to->type = PLAN_TYPE_DERIVED;
	strcpy(to->name, ELF_EVENT);
	plan_event_prefix(to, plan->module);
	if (strlen(to->name) > plan->name_width)
		plan->name_width = strlen(to->name);
	from->elf = to;
	from->elf_field = field;
	plan->event_count++;
	return 0;
}

int derive_compile(struct compiler *c)
{
	size_t count = c->plan->event_count;
	const struct field *field;
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		field = elf_field(&c->plan->events[i]);
		if (field)
			err = add_derived(c, &c->plan->events[i], field);
	}
	return err;
}

bool derive_wanted(const struct plan *plan)
{
	for (size_t i = 0; i < plan->event_count; i++)
		if (plan->events[i].elf && plan->events[i].elf->selected)
			return true;
	return false;
}

const struct plan_event *derive(const struct plan *plan, struct elf *elf, uint8_t *record,
				size_t size)
{
	const struct plan_event *event;
	struct record whole = { .bytes = record, .size = size };
	struct pulsar_event header;
	struct pulsar_bytes span;

	memcpy(&header, record, sizeof(header));
	event = plan_event_of(plan, header.type);
	if (!elf || !event || !event->elf || !event->elf->selected || size < event->size)
		return NULL;
	span = field_span(event->elf_field, &whole);
	/* A path that was cut is another file's. */
	if (span.len < span.full || (size_t)span.offset + span.len > size ||
	    !elf_is(elf, record + span.offset, span.len))
		return NULL;
	header.type = PLAN_TYPE_DERIVED;
	header.seq = 0;
	memcpy(record, &header, sizeof(header));
	return event->elf;
}
