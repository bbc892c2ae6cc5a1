// SPDX-License-Identifier: Apache-2.0
/* Reads schemas and keeps their plans. */
#include "generations.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include <pulsar/schema.h>

#include "log.h"
#include "map.h"
#include "now.h"

/* Between the start of the new programs and their schema lies the pinning of a module: milliseconds. */
#define WAIT_NS	    (2 * NSEC_PER_SEC)
/* After a wait in vain none of the next ones would be better: something else is wrong. */
#define GIVEN_UP_NS (60 * NSEC_PER_SEC)

static int fail(struct pin_error *error, int err, const char *module, const char *text)
{
	snprintf(error->text, sizeof(error->text), "schema of %s: %s", module, text);
	return err;
}

static const struct pin_map_expect schema_expect = {
	.type = BPF_MAP_TYPE_ARRAY,
	.key_size = sizeof(__u32),
	.value_size = sizeof(struct pulsar_field),
};

static int schema_read(int fd, struct pulsar_field *fields, __u32 entries)
{
	for (__u32 i = 0; i < entries; i++) {
		int err = bpf_map_lookup_elem(fd, &i, &fields[i]);

		if (err)
			return err;
	}
	return 0;
}

static int schema_plan(const struct generations *g, int fd, __u32 entries, struct plan **plan,
		       struct pin_error *error)
{
	struct pulsar_field *fields;
	char text[256];
	int err;

	fields = calloc(entries, sizeof(*fields));
	if (!fields)
		return fail(error, -ENOMEM, g->module, strerror(ENOMEM));
	err = schema_read(fd, fields, entries);
	if (err) {
		fail(error, err, g->module, strerror(-err));
		goto out;
	}
	*plan = plan_new(fields, entries, text, sizeof(text));
	if (!*plan)
		err = fail(error, -errno, g->module, text);
out:
	free(fields);
	return err;
}

static void generations_add(struct generations *g, struct plan *plan, __u32 schema_id)
{
	g->schema_id = schema_id;
	if (g->count == GENERATIONS_MAX)
		plan_free(g->plan[--g->count]);
	memmove(&g->plan[1], &g->plan[0], g->count * sizeof(g->plan[0]));
	g->plan[0] = plan;
	g->count++;
}

/*
 * 1 with *plan and the id of its map; 0 what is pinned at `pin` is known already; negative
 * errno with *error.
 */
static int generations_read(const struct generations *g, const char *pin, struct plan **plan,
			    __u32 *schema_id, struct pin_error *error)
{
	struct bpf_map_info info;
	int fd, err;

	fd = pin_reader_open(g->pin_root, g->module, pin, &schema_expect, error);
	if (fd < 0)
		return fd;
	err = map_info(fd, &info);
	if (!err && info.max_entries > PLAN_ENTRIES_MAX)
		err = -E2BIG;
	if (err) {
		fail(error, err, g->module, strerror(-err));
		goto out;
	}
	*schema_id = info.id;
	if (g->count && info.id == g->schema_id)
		goto out;
	err = schema_plan(g, fd, info.max_entries, plan, error);
	if (!err)
		err = 1;
out:
	close(fd);
	return err;
}

int generations_init(struct generations *generations, const char *pin_root, const char *module,
		     const char *events, struct pin_error *error)
{
	__u32 schema_id = 0;
	struct plan *plan = NULL;
	int err;

	*generations = (struct generations){
		.pin_root = pin_root,
		.module = module,
		.events = events,
	};
	err = generations_read(generations, "schema", &plan, &schema_id, error);
	if (err < 0)
		return err;
	generations_add(generations, plan, schema_id);
	if (plan_select(plan, events))
		return 0;
	snprintf(error->text, sizeof(error->text), "module %s has not all of the events %s", module,
		 events);
	generations_release(generations);
	return -ENOMSG;
}

void generations_release(struct generations *generations)
{
	while (generations->count)
		plan_free(generations->plan[--generations->count]);
}

void generations_look(struct generations *generations)
{
	struct generations *g = generations;
	struct pin_error error;
	__u32 schema_id = 0;
	struct plan *plan = NULL;
	int err;

	err = generations_read(g, "schema", &plan, &schema_id, &error);
	/* A module that is not there: loaderd is about to say why. */
	if (err < 0 && err != -ENOENT)
		log_warn("%s", error.text);
	if (err <= 0)
		return;
	if (generations_find(g, plan_generation(plan))) {
		log_warn("two schemas of generation %u of module %s", plan_generation(plan),
			 g->module);
		plan_free(plan);
		g->schema_id = schema_id;
		return;
	}
	/* It begins with all events selected, which is better than none. */
	if (!plan_select(plan, g->events))
		log_warn("generation %u of module %s has not all of the events %s: printing all",
			 plan_generation(plan), g->module, g->events);
	generations_add(g, plan, schema_id);
}

/*
 * Looks for the schema of an older generation, which loaderd keeps for what is still unread:
 * a plan that stands behind the newer ones.
 */
static bool generations_recall(struct generations *g, __u32 generation)
{
	struct pin_error error;
	char pin[sizeof(PULSAR_PIN_SCHEMA_OLD) + 10];
	__u32 schema_id;
	struct plan *plan = NULL;

	if (generation >= plan_generation(generations_newest(g)) || g->warned == generation)
		return false;
	snprintf(pin, sizeof(pin), PULSAR_PIN_SCHEMA_OLD "%u", generation);
	if (generations_read(g, pin, &plan, &schema_id, &error) <= 0)
		return false;
	if (plan_generation(plan) != generation) {
		plan_free(plan);
		return false;
	}
	plan_select(plan, g->events);
	if (g->count == GENERATIONS_MAX)
		plan_free(g->plan[--g->count]);
	g->plan[g->count++] = plan;
	return true;
}

/* Whether it makes sense to wait for a schema. */
static bool generations_hope(const struct generations *g, __u32 generation, __u64 now_ns)
{
	if (g->given_up_ns && now_ns - g->given_up_ns < GIVEN_UP_NS)
		return false;
	return generation > plan_generation(generations_newest(g));
}

int generations_await(struct generations *generations, __u32 generation, __u64 now_ns)
{
	struct generations *g = generations;

	if (generations_recall(g, generation))
		return 1;
	if (generations_hope(g, generation, now_ns)) {
		generations_look(g);
		if (generations_find(g, generation)) {
			g->waited_ns = 0;
			return 1;
		}
	}
	if (generations_hope(g, generation, now_ns)) {
		if (!g->waited_ns)
			g->waited_ns = now_ns;
		if (now_ns - g->waited_ns < WAIT_NS)
			return 0;
		g->given_up_ns = now_ns;
	}
	g->waited_ns = 0;
	if (g->warned != generation)
		log_warn("no schema for generation %u of module %s: its events are lost",
			 generation, g->module);
	g->warned = generation;
	return -ENOENT;
}
