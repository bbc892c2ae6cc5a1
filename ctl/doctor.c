// SPDX-License-Identifier: Apache-2.0
/*
 * pulsarctl doctor: what this machine allows, which variant each hook has and why
 * not a better one, and what to do.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "check.h"
#include "client.h"
#include "doctor_hooks.h"
#include "facts.h"
#include "output.h"
#include "table.h"

static const enum table_colour level_colours[] = {
	[CHECK_OK] = TABLE_GOOD,    [CHECK_NOTE] = TABLE_PLAIN,	 [CHECK_WARNING] = TABLE_WARN,
	[CHECK_FAILED] = TABLE_BAD, [CHECK_UNKNOWN] = TABLE_DIM,
};

static int checks_print(const struct ctl *ctl, const struct checks *checks)
{
	static const struct table_column columns[] = {
		{ "CHECK", false },
		{ "RESULT", false },
		{ "FOUND", false },
		{},
	};
	struct table *table = table_new(columns, ctl->colour);
	int err = -ENOMEM;

	for (size_t i = 0; table && i < checks->count; i++) {
		const struct check *check = &checks->check[i];

		table_cell(table, TABLE_PLAIN, "%s", check->name);
		table_cell(table, level_colours[check->level], "%s",
			   check_level_name(check->level));
		table_cell(table, TABLE_PLAIN, "%s", check->found);
		if (!check->advice)
			continue;
		table_cell(table, TABLE_PLAIN, "%s", "");
		table_cell(table, TABLE_PLAIN, "%s", "");
		table_cell(table, TABLE_DIM, "-> %s", check->advice);
	}
	if (table)
		err = table_print(table, stdout);
	table_free(table);
	return err;
}

static json_t *checks_json(const struct checks *checks)
{
	json_t *array = json_array();

	for (size_t i = 0; i < checks->count; i++) {
		const struct check *check = &checks->check[i];

		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:s, s:s?}", "check", check->name,
						"result", check_level_name(check->level), "found",
						check->found, "advice", check->advice));
	}
	return array;
}

static bool checks_failed(const struct checks *checks)
{
	for (size_t i = 0; i < checks->count; i++)
		if (checks->check[i].level == CHECK_FAILED)
			return true;
	return false;
}

/* ---- without loaderd: what is pinned says which variants there are ---- */

/* An array like that of loaderd's answer, from the pins. */
static json_t *pinned_modules(const struct ctl *ctl)
{
	json_t *array = json_array();
	struct facts facts = { 0 };

	if (!facts_gather(&facts, ctl, NULL))
		for (size_t i = 0; i < facts.count; i++)
			json_array_append_new(array,
					      json_pack("{s:s, s:s, s:o}", "module",
							facts.modules[i].name, "state", "pinned",
							"hooks", facts_hooks(&facts.modules[i])));
	facts_release(&facts);
	return array;
}

static void note_absent(const struct client_error *error)
{
	if (error->absent)
		ctl_note("%s: pulsar-loaderd does not run: which kinds of programs this kernel "
			 "takes is "
			 "found by trying, so start it to know",
			 error->text);
	else
		ctl_note("%s: what loaderd has found is not shown", error->text);
}

/* ---- the command ---- */

static int doctor_print(const struct ctl *ctl, const struct checks *checks, const json_t *kinds,
			const json_t *modules)
{
	int err = checks_print(ctl, checks);

	if (!err)
		err = doctor_print_kinds(ctl, kinds);
	if (!err)
		err = doctor_print_hooks(ctl, modules, kinds);
	return err ? ctl_fail("%s", strerror(-err)) : CTL_OK;
}

int doctor_command(const struct ctl *ctl, int argc, char **argv)
{
	struct client_error error;
	json_t *answer = client_modules(ctl, "doctor", &error);
	char root[PIN_PATH_MAX];
	json_t *modules, *kinds = json_object_get(answer, "kinds");
	struct checks checks;
	int status;

	(void)argc;
	(void)argv;
	client_pin_root(ctl, root);
	checks_run(&checks, root);
	modules = answer ? json_incref(json_object_get(answer, "modules")) : pinned_modules(ctl);
	if (!answer)
		note_absent(&error);
	if (ctl->json)
		status = output_json(json_pack("{s:b, s:o, s:O?, s:O?}", "loaderd", answer != NULL,
					       "checks", checks_json(&checks), "kinds", kinds,
					       "modules", modules));
	else
		status = doctor_print(ctl, &checks, kinds, modules);
	json_decref(modules);
	json_decref(answer);
	return status ? status : checks_failed(&checks) ? CTL_FAILED : CTL_OK;
}
