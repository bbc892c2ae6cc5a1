// SPDX-License-Identifier: Apache-2.0
/* pulsarctl modules, start, stop, restart. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "facts.h"
#include "output.h"
#include "table.h"

static void group_cell(struct table *table, const struct facts_module *m)
{
	gid_t gid = (gid_t)answer_number(m->shown, "gid");
	const struct group *group = m->shown ? getgrgid(gid) : NULL;

	if (group)
		table_cell(table, TABLE_PLAIN, "%s", group->gr_name);
	else if (m->shown)
		table_cell(table, TABLE_PLAIN, "%u", (unsigned int)gid);
	else
		table_cell(table, TABLE_DIM, "-");
}

static void module_row(struct table *table, const struct facts_module *m)
{
	const char *error = answer_text(m->shown, "error");

	table_cell(table, TABLE_PLAIN, "%s", m->name);
	table_cell(table, TABLE_PLAIN, "%s", facts_state(m));
	if (m->described)
		table_cell(table, TABLE_PLAIN, "%u", m->meta.generation);
	else
		table_cell(table, TABLE_DIM, "-");
	if (m->shown)
		table_cell(table, TABLE_PLAIN, "%llu", answer_number(m->shown, "events"));
	else
		table_cell(table, TABLE_DIM, "-");
	group_cell(table, m);
	table_cell(table, *error ? TABLE_BAD : TABLE_DIM, "%s", *error ? error : "-");
}

static int modules_print(const struct ctl *ctl, const struct facts *facts)
{
	static const struct table_column columns[] = {
		{ "MODULE", false },
		{ "STATE", false },
		{ "GENERATION", true },
		{ "EVENTS", true },
		{ "GROUP", false },
		{ "ERROR", false },
		{},
	};
	struct table *table = table_new(columns, ctl->colour);
	int err = -ENOMEM;

	if (table) {
		for (size_t i = 0; i < facts->count; i++)
			module_row(table, &facts->modules[i]);
		err = facts->count ? table_print(table, stdout) : 0;
	}
	table_free(table);
	return err ? ctl_fail("%s", strerror(-err)) : CTL_OK;
}

int modules_command(const struct ctl *ctl, int argc, char **argv)
{
	struct facts facts = { 0 };
	int status = CTL_FAILED;

	(void)argc;
	(void)argv;
	if (facts_gather(&facts, ctl, NULL))
		goto out;
	facts_note_absent(&facts);
	status = ctl->json ? output_json(facts_json(&facts, NULL)) : modules_print(ctl, &facts);
	if (facts_blind(&facts))
		status = CTL_FAILED;
out:
	facts_release(&facts);
	return status;
}

int start_command(const struct ctl *ctl, int argc, char **argv)
{
	(void)argc;
	if (!pin_name_valid(argv[1]))
		return ctl_usage("'%s' is not the name of a module", argv[1]);
	return output_done(ctl, client_ask(ctl, client_module_request(argv[0], argv[1])));
}
