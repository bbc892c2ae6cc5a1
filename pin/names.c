// SPDX-License-Identifier: Apache-2.0
/*
 * The layout: which names a module's directory has, and of what kind and mode
 * each is. Verification, staging and removal all go by this one table.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

bool pin_name_valid(const char *name)
{
	size_t len = strlen(name);

	if (!len || len >= PULSAR_MODULE_LEN || !strchr(LOWER DIGITS, name[0]))
		return false;
	return strspn(name, LOWER DIGITS "_-") == len;
}

_Static_assert(PULSAR_SUBSCRIPTION_LEN == PULSAR_MODULE_LEN, "one rule for both names");

/* Names of programs and maps are C identifiers; how long they may be, the path decides. */
static bool object_name_valid(const char *name)
{
	return *name && strspn(name, LOWER UPPER DIGITS "_-") == strlen(name);
}

static const struct pin_rule in_links[] = {
	{ .valid = object_name_valid, .kind = PIN_LINK, .mode = PIN_MODE_PRIVATE },
	{ 0 },
};

static const struct pin_rule in_maps[] = {
	{ .valid = object_name_valid,
	  .kind = PIN_MAP,
	  .mode = PIN_MODE_PRIVATE,
	  .other = PIN_MODE_PUBLIC },
	{ 0 },
};

static const struct pin_rule in_subscriptions[] = {
	{ .valid = pin_name_valid, .kind = PIN_MAP, .mode = PIN_MODE_PRIVATE },
	{ 0 },
};

static const struct pin_rule in_module[] = {
	{ .name = "events", .kind = PIN_MAP, .mode = PIN_MODE_PUBLIC },
	{ .name = "schema", .kind = PIN_MAP, .mode = PIN_MODE_PUBLIC },
	{ .name = "counters", .kind = PIN_MAP, .mode = PIN_MODE_PUBLIC },
	{ .name = "meta", .kind = PIN_MAP, .mode = PIN_MODE_PUBLIC },
	{ .name = "links", .kind = PIN_DIRECTORY, .mode = 0700, .inside = in_links },
	/* The group passes, for the sake of public maps. */
	{ .name = "maps", .kind = PIN_DIRECTORY, .mode = 0750, .inside = in_maps },
	{ .name = "subscriptions",
	  .kind = PIN_DIRECTORY,
	  .mode = 0700,
	  .inside = in_subscriptions },
	{ 0 },
};

const struct pin_rule pin_rule_module = {
	.valid = pin_name_valid,
	.kind = PIN_DIRECTORY,
	.mode = 0750,
	.inside = in_module,
};

const struct pin_rule *pin_rule_inside(const struct pin_rule *directory, const char *name)
{
	const struct pin_rule *rule = directory->inside;

	for (; rule && rule->mode; rule++) {
		if (rule->name ? !strcmp(rule->name, name) : rule->valid(name))
			return rule;
	}
	return NULL;
}

const char *pin_kind_text(enum pin_kind kind)
{
	switch (kind) {
	case PIN_DIRECTORY:
		return "a directory";
	case PIN_MAP:
		return "a map";
	case PIN_LINK:
		return "a link";
	}
	return "something else";
}

void pin_stage_name(char stage[PIN_STAGE_LEN], const char *module)
{
	snprintf(stage, PIN_STAGE_LEN, "%s" PIN_STAGE_SUFFIX, module);
}

bool pin_stage_parse(const char *name, char module[PULSAR_MODULE_LEN])
{
	size_t len = strcspn(name, "~");

	if (strcmp(name + len, PIN_STAGE_SUFFIX) || len >= PULSAR_MODULE_LEN)
		return false;
	memcpy(module, name, len);
	module[len] = '\0';
	return pin_name_valid(module);
}
