// SPDX-License-Identifier: Apache-2.0
/* The kinds of rules, and lists of them. */
#include "rules.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <pulsar/event.h>

#include "error.h"
#include "value.h"

#define RULES_PID_MAX (1u << 22) /* PID_MAX_LIMIT, include/linux/threads.h */

static int rule_number(const char *item, uint64_t max, struct pin_error *error)
{
	uint64_t n;

	if (value_unsigned(item, &n) < 0 || n > max)
		return error_set(error, -EINVAL, "'%s' is not a number between 0 and %llu", item,
				 (unsigned long long)max);
	return 0;
}

static int rule_path(const char *item, const char *what, struct pin_error *error)
{
	if (*item != '/')
		return error_set(error, -EINVAL, "'%s' is not the path of %s", item, what);
	if (strlen(item) >= PULSAR_IMAGE_LEN)
		return error_set(error, -EINVAL, "'%.32s...' is longer than %d bytes", item,
				 PULSAR_IMAGE_LEN - 1);
	return 0;
}

static int rule_image(const char *item, struct pin_error *error)
{
	return rule_path(item, "a program", error);
}

static int rule_pid(const char *item, struct pin_error *error)
{
	return rule_number(item, RULES_PID_MAX, error);
}

static int rule_uid(const char *item, struct pin_error *error)
{
	return rule_number(item, UINT32_MAX, error);
}

static int rule_cgroup(const char *item, struct pin_error *error)
{
	return *item == '/' ? rule_path(item, "a cgroup", error)
			    : rule_number(item, UINT64_MAX, error);
}

static const struct {
	const char *name;
	int (*judge)(const char *item, struct pin_error *error);
	bool target;
} rule_kinds[RULE_KINDS] = {
	[RULE_TARGETS] = { "targets", rule_image, true },
	[RULE_TARGETS_CHILDREN] = { "targets_children", rule_image, true },
	[RULE_WHITELIST] = { "whitelist", rule_image, false },
	[RULE_WHITELIST_CHILDREN] = { "whitelist_children", rule_image, false },
	[RULE_PID_TARGETS] = { "pid_targets", rule_pid, true },
	[RULE_PID_TARGETS_CHILDREN] = { "pid_targets_children", rule_pid, true },
	[RULE_UID_TARGETS] = { "uid_targets", rule_uid, true },
	[RULE_CGROUP_TARGETS] = { "cgroup_targets", rule_cgroup, true },
};

const char *rules_name(enum rule_kind kind)
{
	return rule_kinds[kind].name;
}

int rules_kind(const char *name)
{
	for (int kind = 0; kind < RULE_KINDS; kind++)
		if (!strcmp(name, rule_kinds[kind].name))
			return kind;
	return -ENOENT;
}

/* ---- one list ---- */

static int rules_append(struct rule_list *list, const char *item)
{
	char **items;

	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i], item))
			return 0;
	items = reallocarray(list->items, list->count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->count] = strdup(item);
	if (!items[list->count])
		return -ENOMEM;
	list->count++;
	return 0;
}

int rules_add(struct rules *rules, enum rule_kind kind, const char *item, struct pin_error *error)
{
	int err;

	err = rule_kinds[kind].judge(item, error);
	if (err)
		return err;
	err = rules_append(&rules->lists[kind], item);
	return err ? error_set(error, err, "no memory") : 0;
}

int rules_parse(struct rules *rules, enum rule_kind kind, const char *text, struct pin_error *error)
{
	const char *blanks = " \t";
	char *copy = strdup(text);
	char *item, *rest;
	int err = 0;

	if (!copy)
		return error_set(error, -ENOMEM, "no memory");
	for (item = strtok_r(copy, ",", &rest); item && !err; item = strtok_r(NULL, ",", &rest)) {
		size_t len;

		item += strspn(item, blanks);
		len = strlen(item);
		while (len && strchr(blanks, item[len - 1]))
			item[--len] = '\0';
		if (len)
			err = rules_add(rules, kind, item, error);
	}
	free(copy);
	return err;
}

/* ---- all lists ---- */

bool rules_empty(const struct rules *rules)
{
	for (int kind = 0; kind < RULE_KINDS; kind++)
		if (rules->lists[kind].count)
			return false;
	return true;
}

bool rules_targeted(const struct rules *rules)
{
	for (int kind = 0; kind < RULE_KINDS; kind++)
		if (rule_kinds[kind].target && rules->lists[kind].count)
			return true;
	return false;
}

void rules_release(struct rules *rules)
{
	if (!rules)
		return;
	for (int kind = 0; kind < RULE_KINDS; kind++) {
		struct rule_list *list = &rules->lists[kind];

		for (size_t i = 0; i < list->count; i++)
			free(list->items[i]);
		free(list->items);
	}
	memset(rules, 0, sizeof(*rules));
}

int rules_copy(struct rules *to, const struct rules *from)
{
	for (int kind = 0; kind < RULE_KINDS; kind++) {
		for (size_t i = 0; i < from->lists[kind].count; i++) {
			if (!rules_append(&to->lists[kind], from->lists[kind].items[i]))
				continue;
			rules_release(to);
			return -ENOMEM;
		}
	}
	return 0;
}

/* ---- JSON ---- */

static int rules_add_json(struct rules *rules, enum rule_kind kind, const json_t *item,
			  struct pin_error *error)
{
	char number[24];

	if (json_is_string(item) && strlen(json_string_value(item)) == json_string_length(item))
		return rules_add(rules, kind, json_string_value(item), error);
	if (!json_is_integer(item) || json_integer_value(item) < 0)
		return error_set(error, -EINVAL, "neither a string nor a number from 0 on");
	snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(item));
	return rules_add(rules, kind, number, error);
}

static int rules_add_list(struct rules *rules, const char *name, const json_t *list,
			  struct pin_error *error)
{
	int kind = rules_kind(name);
	const json_t *item;
	int err = 0;
	size_t i;

	if (kind < 0)
		return error_set(error, -EINVAL, "there is no such rule");
	if (!json_is_array(list))
		return error_set(error, -EINVAL, "not a list");
	json_array_foreach(list, i, item) {
		err = rules_add_json(rules, (enum rule_kind)kind, item, error);
		if (err)
			break;
	}
	return err;
}

int rules_from_json(struct rules *rules, const json_t *json, struct pin_error *error)
{
	const json_t *list;
	const char *name;
	int err = 0;

	if (!json_is_object(json))
		return error_set(error, -EINVAL, "rules are no object");
	json_object_foreach((json_t *)json, name, list) {
		err = rules_add_list(rules, name, list, error);
		if (err) {
			error_prefix(error, err, "%.64s", name);
			break;
		}
	}
	if (err)
		rules_release(rules);
	return err;
}

static json_t *rule_to_json(const char *item)
{
	uint64_t n;

	return *item != '/' && !value_unsigned(item, &n) && n <= INT64_MAX
		       ? json_integer((json_int_t)n)
		       : json_string(item);
}

json_t *rules_to_json(const struct rules *rules)
{
	json_t *json = json_object();
	bool failed = !json;

	for (int kind = 0; kind < RULE_KINDS && !failed; kind++) {
		const struct rule_list *rows = &rules->lists[kind];
		json_t *list;

		if (!rows->count)
			continue;
		list = json_array();
		failed = !list;
		/* A path that is no UTF-8 cannot be shown as JSON; it shows as null. */
		for (size_t i = 0; i < rows->count && !failed; i++) {
			json_t *item = rule_to_json(rows->items[i]);

			failed = json_array_append_new(list, item ? item : json_null()) < 0;
		}
		failed = json_object_set_new(json, rule_kinds[kind].name, list) < 0 || failed;
	}
	if (!failed)
		return json;
	json_decref(json);
	return NULL;
}
