/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a plan: for those who compile it and those who encode by it. */
#ifndef READERS_PLAN_EVENT_H
#define READERS_PLAN_EVENT_H

#include "decode/decode.h"
#include "plan.h"

#define PLAN_PREFIX_LEN	  160
/* The type of an event that readers derive: of no record, as ids of BTF begin with 1. */
#define PLAN_TYPE_DERIVED 0

struct plan_event {
	uint16_t type;
	bool selected;
	bool table;    /* values of a table are events of this type */
	uint32_t size; /* bytes of the struct: no record is shorter */
	const struct field *fields;
	uint32_t count;
	uint32_t main; /* index of the field that text shows first */
	uint32_t prefix_len;
	char prefix[PLAN_PREFIX_LEN]; /* {"header":{... up to the value of "time" */
	char name[PULSAR_FIELD_NAME_LEN];
	/* What is derived if elf_field is the path of an ELF file; NULL: nothing. */
	const struct plan_event *elf;
	const struct field *elf_field;
};

/* A pinned map whose values are events. */
struct plan_table {
	char name[PULSAR_FIELD_NAME_LEN]; /* of the pin, below maps/ */
	const struct plan_event *event;
};

struct plan {
	char module[PULSAR_FIELD_NAME_LEN];
	uint32_t generation;
	uint32_t name_width;	/* of the longest event name: a column of text */
	struct plan_event lost; /* name and prefix of `Lost` */
	struct plan_event *events;
	size_t event_count;
	struct plan_table tables[PLAN_TABLES_MAX];
	size_t table_count;
	struct field *fields; /* of all events */
	size_t field_count;
	struct enumerator *by_value; /* sorted by group and value: ENUM */
	struct enumerator *by_bits;  /* sorted by group and bits of the mask: FLAGS */
	size_t enumerator_count;
	struct syscall_names *syscalls; /* NULL: no field wants them */
};

/**
 * plan_event_of() - find an event by its type
 * @plan: the plan
 * @type: pulsar_event.type
 *
 * Return: the event, or NULL.
 */
static inline const struct plan_event *plan_event_of(const struct plan *plan, uint16_t type)
{
	for (size_t i = 0; i < plan->event_count; i++) {
		if (plan->events[i].type == type)
			return &plan->events[i];
	}
	return NULL;
}

/**
 * plan_event_prefix() - fill in the prefix of an event's lines
 * @event: the event, with its name
 * @module: name of the module
 */
void plan_event_prefix(struct plan_event *event, const char *module);

#endif
