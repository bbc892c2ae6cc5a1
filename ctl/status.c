// SPDX-License-Identifier: Apache-2.0
/* pulsarctl status: what runs, what it counted, who reads it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "facts.h"
#include "holder.h"
#include "output.h"
#include "overview.h"
#include "table.h"

#define NSEC_PER_SEC 1000000000u

static void print_line(const struct ctl *ctl, enum table_colour colour, const char *text)
{
	printf("%s%s%s\n", ctl->colour ? table_colour(colour) : "", text,
	       ctl->colour && colour != TABLE_PLAIN ? TABLE_RESET : "");
}

/* ---- one module ---- */

static void print_module_head(const struct ctl *ctl, const struct facts *facts,
			      const struct facts_module *m)
{
	const char *error = answer_text(m->shown, "error");
	char up[24] = "?";
	char line[128];

	if (m->described && facts->time_ns >= m->meta.loaded_ns)
		duration_text(up, (facts->time_ns - m->meta.loaded_ns) / NSEC_PER_SEC);
	snprintf(line, sizeof(line), "%s: %s", m->name, facts_state(m));
	print_line(ctl, TABLE_BOLD, line);
	if (m->described)
		printf("generation %u, loaded %s ago", m->meta.generation, up);
	if (m->described && m->shown)
		printf(", taken over %llu times", answer_number(m->shown, "adoptions"));
	printf("%s", m->described ? "\n" : "");
	if (*error)
		print_line(ctl, TABLE_BAD, error);
}

static void print_module_counts(const struct facts *facts, const struct facts_module *m,
				const struct facts *before)
{
	const struct facts_module *old = before ? facts_find(before, m->name) : NULL;
	double rate = facts_rate(m, facts->time_ns, old, old ? before->time_ns : 0);
	char text[16] = "?";

	if (!m->counted)
		return;
	if (rate >= 0)
		rate_text(text, rate);
	printf("\n%llu events produced, %s per second; %llu more filtered out\n", m->produced, text,
	       m->filtered);
}

static int print_hooks(const struct ctl *ctl, const struct facts_module *m)
{
	static const struct table_column columns[] = { { "HOOK", false },
						       { "VARIANT", false },
						       {} };
	struct table *table = table_new(columns, ctl->colour);
	json_t *hooks = facts_hooks(m);
	const json_t *hook;
	int err = -ENOMEM;
	size_t i;

	if (!table)
		goto out;
	json_array_foreach(hooks, i, hook) {
		const char *variant = answer_text(hook, "variant");

		table_cell(table, TABLE_PLAIN, "%s", answer_text(hook, "hook"));
		table_cell(table, TABLE_PLAIN, "%s", *variant ? variant : "-");
	}
	if (i)
		printf("\n");
	err = i ? table_print(table, stdout) : 0;
out:
	json_decref(hooks);
	table_free(table);
	return err;
}

static void print_subscription_lost(const struct facts_subscription *s)
{
	const char *between = "";

	if (!s->positioned || !facts_lost(s->lost))
		return;
	printf("%s lost: ", s->name);
	for (int cause = 0; cause < PULSAR_LOST_CAUSES; cause++) {
		if (!s->lost[cause])
			continue;
		printf("%s%llu %s", between, s->lost[cause], facts_cause(cause));
		between = ", ";
	}
	printf("\n");
}

static int print_subscriptions(const struct ctl *ctl, const struct facts_module *m)
{
	struct table *table = overview_subscriptions_new(ctl, false);
	int err = -ENOMEM;

	if (!table)
		return err;
	for (unsigned int i = 0; i < m->subscriptions_count; i++)
		overview_subscription_row(table, NULL, &m->subscriptions[i]);
	if (m->subscriptions_count)
		printf("\n");
	err = m->subscriptions_count ? table_print(table, stdout) : 0;
	for (unsigned int i = 0; i < m->subscriptions_count; i++)
		print_subscription_lost(&m->subscriptions[i]);
	table_free(table);
	return err;
}

static int print_module(const struct ctl *ctl, const struct facts *facts,
			const struct facts *before)
{
	const struct facts_module *m = &facts->modules[0];
	int err;

	print_module_head(ctl, facts, m);
	print_module_counts(facts, m, before);
	err = print_subscriptions(ctl, m);
	return err ? err : print_hooks(ctl, m);
}

/* ---- the command ---- */

static int print_facts(const struct ctl *ctl, const struct facts *facts, const struct facts *before,
		       bool one)
{
	int err;

	facts_note_absent(facts);
	err = one ? print_module(ctl, facts, before) : overview_print(stdout, ctl, facts, before);
	return err ? ctl_fail("%s", strerror(-err)) : CTL_OK;
}

int status_command(const struct ctl *ctl, int argc, char **argv)
{
	const char *module = argc > 1 ? argv[1] : NULL;
	struct facts before = { 0 }, facts = { 0 };
	int status = CTL_FAILED;

	if (ctl->interval_ms) {
		if (facts_gather(&before, ctl, module))
			goto out;
		poll(NULL, 0, (int)ctl->interval_ms);
	}
	if (facts_gather(&facts, ctl, module))
		goto out;
	if (ctl->json)
		status = output_json(facts_json(&facts, ctl->interval_ms ? &before : NULL));
	else
		status = print_facts(ctl, &facts, ctl->interval_ms ? &before : NULL, module);
	if (facts_blind(&facts))
		status = CTL_FAILED;
out:
	facts_release(&before);
	facts_release(&facts);
	return status;
}
