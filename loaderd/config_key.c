// SPDX-License-Identifier: Apache-2.0
/* The tables of keys, and one setter for each type of value. */
#include "config_key.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "value.h"

static int config_set_bool(const struct config_key *key, void *field, const char *value,
			   struct pin_error *error)
{
	(void)key;
	if (value_bool(value, field) < 0)
		return error_set(error, -EINVAL, "'%s' is neither yes nor no", value);
	return 0;
}

static int config_set_text(const struct config_key *key, void *field, const char *value,
			   struct pin_error *error)
{
	if (strlen(value) >= key->size)
		return error_set(error, -EINVAL, "longer than %zu bytes", key->size - 1);
	strcpy(field, value);
	return 0;
}

static int config_set_path(const struct config_key *key, void *field, const char *value,
			   struct pin_error *error)
{
	if (*value != '/')
		return error_set(error, -EINVAL, "'%s' is not an absolute path", value);
	return config_set_text(key, field, value, error);
}

/* A variant is the middle part of a program's name. */
static int config_set_variant(const struct config_key *key, void *field, const char *value,
			      struct pin_error *error)
{
	for (const char *c = value; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			return error_set(error, -EINVAL, "'%s' is not the name of a variant",
					 value);
	return config_set_text(key, field, value, error);
}

static int config_in_range(const struct config_key *key, const char *value, int err, uint64_t n,
			   struct pin_error *error)
{
	if (err == -ERANGE || (!err && (n < key->min || n > key->max)))
		return error_set(error, -EINVAL, "'%s' is not between %llu and %llu", value,
				 (unsigned long long)key->min, (unsigned long long)key->max);
	if (err)
		return error_set(error, -EINVAL, "'%s' is not a number", value);
	if (key->power_of_two && (n & (n - 1)))
		return error_set(error, -EINVAL, "'%s' is not a power of two", value);
	return 0;
}

static int config_set_size(const struct config_key *key, void *field, const char *value,
			   struct pin_error *error)
{
	uint64_t n = 0;
	int err = value_size(value, &n);

	err = config_in_range(key, value, err, n, error);
	if (!err)
		*(uint64_t *)field = n;
	return err;
}

static int config_set_number(const struct config_key *key, void *field, const char *value,
			     struct pin_error *error)
{
	uint64_t n = 0;
	int err = value_unsigned(value, &n);

	err = config_in_range(key, value, err, n, error);
	if (!err)
		*(unsigned int *)field = (unsigned int)n;
	return err;
}

static int config_add_module(struct config *config, const char *name, struct pin_error *error)
{
	char(*modules)[PULSAR_MODULE_LEN];

	if (!pin_name_valid(name))
		return error_set(error, -EINVAL, "'%s' is not the name of a module", name);
	for (size_t i = 0; i < config->modules_count; i++)
		if (!strcmp(config->modules[i], name))
			return 0;
	modules = reallocarray(config->modules, config->modules_count + 1, sizeof(*modules));
	if (!modules)
		return error_set(error, -ENOMEM, "no memory");
	config->modules = modules;
	strcpy(modules[config->modules_count++], name);
	return 0;
}

static int config_set_modules(const struct config_key *key, void *field, const char *value,
			      struct pin_error *error)
{
	char *copy, *name, *rest;
	int err = 0;

	(void)key;
	copy = strdup(value);
	if (!copy)
		return error_set(error, -ENOMEM, "no memory");
	for (name = strtok_r(copy, ", \t", &rest); name && !err;
	     name = strtok_r(NULL, ", \t", &rest))
		err = config_add_module(field, name, error);
	free(copy);
	return err;
}

static int config_set_rules(const struct config_key *key, void *field, const char *value,
			    struct pin_error *error)
{
	return rules_parse(field, (enum rule_kind)rules_kind(key->name), value, error);
}

/* Where a value goes, and how much room there is. */
#define FIELD(type, member) \
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define RULES FIELD(config_module, rules)
/* A ring: the kernel wants a power of two pages. */
#define RING  .min = 4096, .max = 1u << 30, .power_of_two = true

const struct config_key config_keys_loaderd[] = {
	{ "pin_root", config_set_path, FIELD(config, pin_root) },
	{ "socket", config_set_path, FIELD(config, socket) },
	{ "group", config_set_text, FIELD(config, group) },
	{ "admin_group", config_set_text, FIELD(config, admin_group) },
	{ "variant", config_set_variant, FIELD(config, variant) },
	{ "modules_dir", config_set_path, FIELD(config, modules_dir) },
	{ "modules", config_set_modules, .offset = 0 }, /* it adds to the struct itself */
	{ "ring_size", config_set_size, FIELD(config, ring_size), RING },
	{ "memory_limit", config_set_size, FIELD(config, memory_limit), .min = 4096,
	  .max = 1ull << 40 },
	{ "keep_pins", config_set_bool, FIELD(config, keep_pins) },
	{ "bpffs_traverse", config_set_bool, FIELD(config, bpffs_traverse) },
	{ "subscriptions_max", config_set_number, FIELD(config, subscriptions_max), .min = 1,
	  .max = PULSAR_SUBSCRIPTIONS_MAX },
	{ "max_clients", config_set_number, FIELD(config, max_clients), .min = 1, .max = 65536 },
	{},
};

const struct config_key config_keys_module[] = {
	{ "enabled", config_set_bool, FIELD(config_module, enabled) },
	{ "group", config_set_text, FIELD(config_module, group) },
	{ "variant", config_set_variant, FIELD(config_module, variant) },
	{ "ring_size", config_set_size, FIELD(config_module, ring_size), RING },
	/* The names are those of rules_name(). */
	{ "targets", config_set_rules, RULES },
	{ "targets_children", config_set_rules, RULES },
	{ "whitelist", config_set_rules, RULES },
	{ "whitelist_children", config_set_rules, RULES },
	{ "pid_targets", config_set_rules, RULES },
	{ "pid_targets_children", config_set_rules, RULES },
	{ "uid_targets", config_set_rules, RULES },
	{ "cgroup_targets", config_set_rules, RULES },
	{},
};

const struct config_key *config_key_find(const struct config_key *table, const char *name)
{
	for (const struct config_key *key = table; key->name; key++)
		if (!strcmp(key->name, name))
			return key;
	return NULL;
}

int config_key_set(const struct config_key *key, void *base, const char *value,
		   struct pin_error *error)
{
	int err;

	err = key->set(key, (char *)base + key->offset, value, error);
	return err ? error_prefix(error, err, "%s", key->name) : 0;
}
