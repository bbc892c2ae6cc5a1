// SPDX-License-Identifier: Apache-2.0
/*
 * pulsarctl filter: the rules of a module's filter, as they are in effect. A change
 * takes all rules from loaderd, and gives all back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pulsar/event.h>

#include "answer.h"
#include "client.h"
#include "config.h"
#include "output.h"
#include "pin.h"
#include "table.h"

/* The longest rule is a path of PULSAR_IMAGE_LEN bytes. */
#define RULE_TEXT PULSAR_IMAGE_LEN

#define FILTER_USAGE                                                           \
	"usage: pulsarctl filter [list [MODULE] | add MODULE RULE VALUE... | " \
	"remove MODULE RULE [VALUE...]]"

/* A rule's value as text: numbers are numbers in loaderd's answers. */
static void value_text(const json_t *value, char *text, size_t size)
{
	if (json_is_integer(value))
		snprintf(text, size, "%lld", (long long)json_integer_value(value));
	else
		snprintf(text, size, "%s",
			 json_string_value(value) ? json_string_value(value) : "?");
}

/* ---- list ---- */

static void filter_rows(struct table *table, const json_t *filter)
{
	json_t *rules = json_object_get(filter, "rules");
	const json_t *value;
	const char *rule;
	char text[RULE_TEXT];
	json_t *values;
	size_t i;

	json_object_foreach(rules, rule, values) {
		json_array_foreach(values, i, value) {
			value_text(value, text, sizeof(text));
			table_cell(table, TABLE_PLAIN, "%s", answer_text(filter, "module"));
			table_cell(table, TABLE_PLAIN, "%s", rule);
			table_cell(table, TABLE_PLAIN, "%s", text);
		}
	}
}

static int filter_print(const struct ctl *ctl, const json_t *answer)
{
	static const struct table_column columns[] = {
		{ "MODULE", false },
		{ "RULE", false },
		{ "VALUE", false },
		{},
	};
	struct table *table = table_new(columns, ctl->colour);
	const json_t *filter;
	int err = -ENOMEM;
	size_t i;

	if (table) {
		json_array_foreach(json_object_get(answer, "filters"), i, filter)
			filter_rows(table, filter);
		err = table_print(table, stdout);
	}
	table_free(table);
	return err ? ctl_fail("%s", strerror(-err)) : CTL_OK;
}

static int filter_list(const struct ctl *ctl, const char *module)
{
	json_t *answer;
	int status;

	if (module && !pin_name_valid(module))
		return ctl_usage("'%s' is not the name of a module", module);
	answer = client_ask(ctl, client_module_request("filter", module));
	if (!answer)
		return CTL_FAILED;
	if (ctl->json)
		return output_json(answer);
	status = filter_print(ctl, answer);
	json_decref(answer);
	return status;
}

/* ---- add and remove ---- */

/* Where a value is in a list; its length if it is not. */
static size_t filter_index(const json_t *list, const char *value)
{
	char text[RULE_TEXT];
	size_t i;
	const json_t *item;

	json_array_foreach(list, i, item) {
		value_text(item, text, sizeof(text));
		if (!strcmp(text, value))
			break;
	}
	return i;
}

static int filter_add(json_t *rules, const char *rule, const char *value)
{
	json_t *list = json_object_get(rules, rule), *item = json_string(value);

	if (!item)
		return ctl_usage("'%s' is not UTF-8", value);
	if (!list) {
		list = json_array();
		json_object_set_new(rules, rule, list);
	}
	if (filter_index(list, value) == json_array_size(list))
		return json_array_append_new(list, item) ? ctl_fail("%s", strerror(ENOMEM)) : 0;
	json_decref(item);
	return 0;
}

static int filter_remove(json_t *rules, const char *rule, const char *value)
{
	json_t *list = json_object_get(rules, rule);
	size_t i = filter_index(list, value);

	if (i == json_array_size(list))
		return ctl_fail("there is no rule %s %s", rule, value);
	json_array_remove(list, i);
	return 0;
}

/* What the rules are to be; values: none with `remove` means all of that rule. */
static int filter_edit(json_t *rules, char **argv, int argc)
{
	const bool add = !strcmp(argv[1], "add");
	const char *rule = argv[3];
	int status = 0;

	if (!add && argc == 4)
		return json_object_del(rules, rule) ? ctl_fail("there is no rule %s", rule) : 0;
	for (int i = 4; i < argc && !status; i++)
		status = add ? filter_add(rules, rule, argv[i])
			     : filter_remove(rules, rule, argv[i]);
	return status;
}

/* The rules of one kind, in the configuration as they are now in effect. */
static int filter_save(const struct ctl *ctl, const char *module, const char *rule,
		       const json_t *values)
{
	struct conf_key key;
	char *joined = NULL, text[RULE_TEXT];
	const json_t *value;
	size_t size, i;
	FILE *out = open_memstream(&joined, &size);
	int status;

	if (!out)
		return ctl_fail("%m");
	snprintf(key.section, sizeof(key.section), "%s", module);
	snprintf(key.key, sizeof(key.key), "%s", rule);
	json_array_foreach(values, i, value) {
		value_text(value, text, sizeof(text));
		fprintf(out, "%s%s", i ? ", " : "", text);
	}
	fclose(out);
	status = config_change(ctl, &key, i ? joined : NULL, false);
	free(joined);
	return status;
}

static json_t *filter_rules(const json_t *answer)
{
	const json_t *filter = json_array_get(json_object_get(answer, "filters"), 0);

	return json_object_get(filter, "rules");
}

static int filter_change(const struct ctl *ctl, int argc, char **argv)
{
	json_t *answer, *rules;
	int status;

	answer = client_ask(ctl, client_module_request("filter", argv[2]));
	if (!answer)
		return CTL_FAILED;
	rules = json_incref(filter_rules(answer));
	json_decref(answer);
	if (!rules)
		return ctl_fail("%s does not run, or has no events", argv[2]);
	status = filter_edit(rules, argv, argc);
	if (status)
		goto out;
	answer = client_ask(ctl, json_pack("{s:s, s:s, s:O}", "request", "filter", "module",
					   argv[2], "rules", rules));
	status = answer ? CTL_OK : CTL_FAILED;
	if (answer && ctl->save)
		status = filter_save(ctl, argv[2], argv[3],
				     json_object_get(filter_rules(answer), argv[3]));
	if (!status)
		status = output_done(ctl, json_incref(answer));
	json_decref(answer);
out:
	json_decref(rules);
	return status;
}

int filter_command(const struct ctl *ctl, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "list";

	if (!strcmp(verb, "list") && argc <= 3)
		return filter_list(ctl, argc > 2 ? argv[2] : NULL);
	if ((strcmp(verb, "add") || argc < 5) && (strcmp(verb, "remove") || argc < 4))
		return ctl_usage(FILTER_USAGE);
	if (!pin_name_valid(argv[2]))
		return ctl_usage("'%s' is not the name of a module", argv[2]);
	return filter_change(ctl, argc, argv);
}
