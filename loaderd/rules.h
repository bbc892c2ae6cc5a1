/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of one module's filter, as a configuration or a request has them. Pure: what they
 * mean to the kernel is interest.h. See include/pulsar/filter.h for their order.
 */
#ifndef LOADERD_RULES_H
#define LOADERD_RULES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "pin.h"

enum rule_kind {
	RULE_TARGETS,	       /* "/usr/bin/x": an image */
	RULE_TARGETS_CHILDREN, /* the same, and what descends from it */
	RULE_WHITELIST,
	RULE_WHITELIST_CHILDREN,
	RULE_PID_TARGETS, /* "4242": the process that has this number now */
	RULE_PID_TARGETS_CHILDREN,
	RULE_UID_TARGETS,    /* "1000" */
	RULE_CGROUP_TARGETS, /* "/system.slice/x.service" or "4711", on the unified hierarchy */
	RULE_KINDS,
};

/* What is between two commas. */
struct rule_list {
	char **items; /* in the order given, each once */
	size_t count;
};

/* Zeroed is empty. */
struct rules {
	struct rule_list lists[RULE_KINDS];
};

/** rules_name() - "targets_children". */
const char *rules_name(enum rule_kind kind);

/** rules_kind() - by that name; -ENOENT. */
int rules_kind(const char *name);

/**
 * rules_add() - judges and adds one item.
 *
 * Return: 0, also if it is there already; -EINVAL with *error; -ENOMEM.
 */
int rules_add(struct rules *rules, enum rule_kind kind, const char *item, struct pin_error *error);

/**
 * rules_parse() - adds the items of a text, with commas between them.
 *
 * Blanks around an item do not count; within a path they do.
 *
 * Return: as rules_add().
 */
int rules_parse(struct rules *rules, enum rule_kind kind, const char *text,
		struct pin_error *error);

/**
 * rules_from_json() - reads an object {"targets":["/usr/bin/x"],"uid_targets":[1000]}.
 * @rules: empty; on failure too.
 *
 * Return: 0, -EINVAL with *error, -ENOMEM.
 */
int rules_from_json(struct rules *rules, const json_t *json, struct pin_error *error);

/** rules_to_json() - an object with the lists that are not empty, numbers as such. NULL: no memory. */
json_t *rules_to_json(const struct rules *rules);

/** rules_copy() - to an empty one. Return: 0; -ENOMEM, then @to is empty. */
int rules_copy(struct rules *to, const struct rules *from);

/** rules_empty() - whether there is no rule at all. */
bool rules_empty(const struct rules *rules);

/** rules_targeted() - whether there are targets: then nothing else is of interest. */
bool rules_targeted(const struct rules *rules);

/** rules_release() - empties it. NULL is fine. */
void rules_release(struct rules *rules);

#endif
