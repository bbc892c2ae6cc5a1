// SPDX-License-Identifier: Apache-2.0
/* All modules in one table, and all subscriptions in another. */
#include "overview.h"

#include <errno.h>
#include <string.h>

#include "answer.h"
#include "facts.h"
#include "holder.h"
#include "table.h"

#define VARIANTS_TEXT 96
#define HOLDERS_TEXT  256

/* ---- cells ---- */

static enum table_colour state_colour(const char *state)
{
	if (!strcmp(state, "running"))
		return TABLE_GOOD;
	if (!strcmp(state, "failed"))
		return TABLE_BAD;
	return !strcmp(state, "pinned") ? TABLE_WARN : TABLE_DIM;
}

static void number_cell(struct table *t, bool known, __u64 n, enum table_colour not_zero)
{
	if (known)
		table_cell(t, n ? not_zero : TABLE_PLAIN, "%llu", n);
	else
		table_cell(t, TABLE_DIM, "-");
}

/* Adds to a text, which is cut where it is full. */
static void append(char *text, size_t size, const char *separator, const char *more)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "%s%s", len ? separator : "", more);
}

/* "fentry 3, tp 1": how many hooks have each variant. */
static void variants_cell(struct table *t, const struct facts_module *m)
{
	json_t *hooks = facts_hooks(m), *counts = json_object();
	char text[VARIANTS_TEXT] = "";
	const char *variant;
	const json_t *item;
	size_t i;

	json_array_foreach(hooks, i, item) {
		variant = answer_text(item, "variant");
		if (*variant)
			json_object_set_new(
				counts, variant,
				json_integer((json_int_t)answer_number(counts, variant) + 1));
	}
	json_object_foreach(counts, variant, item) {
		char one[PULSAR_VARIANT_LEN + 32];

		snprintf(one, sizeof(one), "%s %lld", variant, (long long)json_integer_value(item));
		append(text, sizeof(text), ", ", one);
	}
	table_cell(t, *text ? TABLE_PLAIN : TABLE_DIM, "%s", *text ? text : "-");
	json_decref(counts);
	json_decref(hooks);
}

static void fill_cell(struct table *t, bool served, __u64 fullest, __u64 ring_bytes)
{
	__u64 percent = ring_bytes ? fullest * 100 / ring_bytes : 0;

	if (!served || !ring_bytes)
		table_cell(t, TABLE_DIM, "-");
	else
		table_cell(t,
			   percent >= 75   ? TABLE_BAD
			   : percent >= 50 ? TABLE_WARN
					   : TABLE_PLAIN,
			   "%llu%%", percent);
}

/* The fullest ring of all subscriptions. */
static void module_fill_cell(struct table *t, const struct facts_module *m)
{
	__u64 fullest = 0, size = 0;

	for (unsigned int i = 0; i < m->subscriptions_count; i++) {
		if (m->subscriptions[i].fullest_bytes >= fullest)
			fullest = m->subscriptions[i].fullest_bytes;
		if (m->subscriptions[i].ring_bytes)
			size = m->subscriptions[i].ring_bytes;
	}
	fill_cell(t, size, fullest, size);
}

static void holders_cell(struct table *t, const struct facts_module *m)
{
	char all[HOLDERS_TEXT] = "", holder[128], one[192];

	for (unsigned int i = 0; i < m->subscriptions_count; i++) {
		const struct facts_subscription *s = &m->subscriptions[i];

		snprintf(one, sizeof(one), "%s: %s", s->name,
			 holder_text(s, holder, sizeof(holder)));
		append(all, sizeof(all), ", ", one);
	}
	table_cell(t, *all ? TABLE_PLAIN : TABLE_DIM, "%s", *all ? all : "-");
}

static void rate_cell(struct table *t, double rate)
{
	char text[16];

	if (rate >= 0)
		table_cell(t, TABLE_PLAIN, "%s", rate_text(text, rate));
	else
		table_cell(t, TABLE_DIM, "-");
}

/* ---- modules ---- */

static const struct table_column module_columns[] = {
	{ "MODULE", false },	    { "STATE", false },
	{ "PRODUCED", true },	    { "PER SEC", true },
	{ "FILTERED", true },	    { "LOST", true },
	{ "RING", true },	    { "HOOKS", false },
	{ "SUBSCRIPTIONS", false }, {},
};

static void module_row(struct table *t, const struct facts *facts, const struct facts_module *m,
		       const struct facts *before)
{
	const struct facts_module *old = before ? facts_find(before, m->name) : NULL;
	const char *state = facts_state(m);

	table_cell(t, TABLE_PLAIN, "%s", m->name);
	table_cell(t, state_colour(state), "%s", state);
	number_cell(t, m->counted, m->produced, TABLE_PLAIN);
	rate_cell(t, facts_rate(m, facts->time_ns, old, old ? before->time_ns : 0));
	number_cell(t, m->counted, m->filtered, TABLE_PLAIN);
	number_cell(t, m->counted, facts_lost(m->lost), TABLE_BAD);
	module_fill_cell(t, m);
	variants_cell(t, m);
	holders_cell(t, m);
}

static void print_loaderd(FILE *to, const struct facts *facts)
{
	unsigned int running = 0, failed = 0;

	for (size_t i = 0; i < facts->count; i++) {
		running += !strcmp(facts_state(&facts->modules[i]), "running");
		failed += !strcmp(facts_state(&facts->modules[i]), "failed");
	}
	fprintf(to,
		"pulsar-loaderd %s, pid %llu, restarted %llu times; %u modules run, %u failed\n",
		answer_text(facts->loaderd, "version"), answer_number(facts->loaderd, "pid"),
		answer_number(facts->loaderd, "restarts"), running, failed);
}

int overview_print(FILE *to, const struct ctl *ctl, const struct facts *facts,
		   const struct facts *before)
{
	struct table *table = table_new(module_columns, ctl->colour);
	int err;

	if (!table)
		return -ENOMEM;
	if (facts->loaderd)
		print_loaderd(to, facts);
	for (size_t i = 0; i < facts->count; i++)
		module_row(table, facts, &facts->modules[i], before);
	err = facts->count ? table_print(table, to) : 0;
	table_free(table);
	return err;
}

/* ---- subscriptions ---- */

static const struct table_column subscription_columns[] = {
	{ "MODULE", false },   { "SUBSCRIPTION", false }, { "READER", false },
	{ "DELIVERED", true }, { "WAITING", true },	  { "LOST", true },
	{ "RINGS", true },     { "FILL", true },	  {},
};

struct table *overview_subscriptions_new(const struct ctl *ctl, bool modules)
{
	return table_new(subscription_columns + (modules ? 0 : 1), ctl->colour);
}

void overview_subscription_row(struct table *table, const char *module,
			       const struct facts_subscription *s)
{
	char text[128];

	if (module)
		table_cell(table, TABLE_PLAIN, "%s", module);
	table_cell(table, TABLE_PLAIN, "%s", s->name);
	table_cell(table, s->served && !s->holder_pid ? TABLE_DIM : TABLE_PLAIN, "%s",
		   holder_text(s, text, sizeof(text)));
	number_cell(table, s->positioned, s->delivered, TABLE_PLAIN);
	number_cell(table, s->positioned, s->waiting, TABLE_PLAIN);
	number_cell(table, s->positioned, facts_lost(s->lost), TABLE_BAD);
	if (s->served)
		table_cell(table, TABLE_PLAIN, "%u x %s", s->rings,
			   bytes_text(text, s->ring_bytes));
	else
		table_cell(table, TABLE_DIM, "-");
	fill_cell(table, s->served, s->fullest_bytes, s->ring_bytes);
}
