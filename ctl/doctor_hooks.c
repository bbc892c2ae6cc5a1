// SPDX-License-Identifier: Apache-2.0
/* Kinds, and hooks with their variants. */
#include "doctor_hooks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "check.h"
#include "table.h"

int doctor_print_kinds(const struct ctl *ctl, const json_t *kinds)
{
	static const struct table_column columns[] = {
		{ "KIND", false },
		{ "AVAILABLE", false },
		{ "WHY NOT", false },
		{},
	};
	struct table *table = table_new(columns, ctl->colour);
	const json_t *kind;
	int err = -ENOMEM;
	size_t i;

	if (!table)
		return err;
	json_array_foreach(kinds, i, kind) {
		const char *name = answer_text(kind, "kind"), *advice = check_kind_advice(name);
		bool available = json_is_true(json_object_get(kind, "available"));

		table_cell(table, TABLE_PLAIN, "%s", name);
		table_cell(table, available ? TABLE_GOOD : TABLE_WARN, "%s",
			   available ? "yes" : "no");
		table_cell(table, TABLE_PLAIN, "%s", answer_text(kind, "reason"));
		if (available || !advice)
			continue;
		table_cell(table, TABLE_PLAIN, "%s", "");
		table_cell(table, TABLE_PLAIN, "%s", "");
		table_cell(table, TABLE_DIM, "-> %s", advice);
	}
	if (kinds)
		putchar('\n');
	err = kinds ? table_print(table, stdout) : 0;
	table_free(table);
	return err;
}

/* ---- why ---- */

static const json_t *find(const json_t *array, const char *key, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
		if (!strcmp(answer_text(item, key), name))
			return item;
	return NULL;
}

/* Of one variant that was not taken. */
static const char *why_not(const json_t *hook, const json_t *kinds, const char *variant)
{
	const json_t *refused = find(json_object_get(hook, "refused"), "variant", variant);
	/* Variants are usually called by their kind. */
	const json_t *kind = find(kinds, "kind", variant);

	if (refused)
		return answer_text(refused, "reason");
	if (kind && !json_is_true(json_object_get(kind, "available")))
		return answer_text(kind, "reason");
	return "not tried: taken over as it was; restart the module to try";
}

void doctor_why(const json_t *hook, const json_t *kinds, char *text, size_t size)
{
	const char *chosen = answer_text(hook, "variant");
	const json_t *variant;
	size_t i, len = 0;

	*text = '\0';
	json_array_foreach(json_object_get(hook, "variants"), i, variant) {
		const char *name = json_string_value(variant);

		if (!name || !strcmp(name, chosen))
			return;
		snprintf(text + len, size - len, "%s%s: %s", len ? "; " : "", name,
			 why_not(hook, kinds, name));
		len += strlen(text + len);
	}
}

/* ---- hooks ---- */

static void hook_rows(struct table *table, const json_t *module, const json_t *kinds)
{
	const char *state = answer_text(module, "state"), *error = answer_text(module, "error");
	char why[512];
	const json_t *hook;
	size_t i;

	if (*error) {
		table_cell(table, TABLE_PLAIN, "%s", answer_text(module, "module"));
		table_cell(table, TABLE_PLAIN, "%s", "");
		table_cell(table, TABLE_BAD, "%s", state);
		table_cell(table, TABLE_BAD, "%s", error);
	}
	json_array_foreach(json_object_get(module, "hooks"), i, hook) {
		const char *variant = answer_text(hook, "variant");

		doctor_why(hook, kinds, why, sizeof(why));
		table_cell(table, TABLE_PLAIN, "%s", answer_text(module, "module"));
		table_cell(table, TABLE_PLAIN, "%s", answer_text(hook, "hook"));
		table_cell(table, *variant ? TABLE_GOOD : TABLE_BAD, "%s",
			   *variant ? variant : "none");
		table_cell(table, TABLE_DIM, "%s", why);
	}
}

int doctor_print_hooks(const struct ctl *ctl, const json_t *modules, const json_t *kinds)
{
	static const struct table_column columns[] = {
		{ "MODULE", false },
		{ "HOOK", false },
		{ "VARIANT", false },
		{ "WHY NOT A BETTER ONE", false },
		{},
	};
	struct table *table = table_new(columns, ctl->colour);
	const json_t *module;
	int err;
	size_t i;

	if (!table)
		return -ENOMEM;
	json_array_foreach(modules, i, module)
		hook_rows(table, module, kinds);
	if (i)
		putchar('\n');
	err = i ? table_print(table, stdout) : 0;
	table_free(table);
	return err;
}
