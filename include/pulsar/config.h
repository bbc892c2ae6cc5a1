/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The keys of pulsar.conf and their defaults: loaderd takes them, pulsarctl shows and
 * changes them. What a value may be is loaderd's to judge.
 */
#ifndef PULSAR_CONFIG_H
#define PULSAR_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define PULSAR_CONFIG	"/etc/pulsar/pulsar.conf"
#define PULSAR_PIN_ROOT "/sys/fs/bpf/pulsar"
#define PULSAR_SOCKET	"/run/pulsar/loaderd.sock"
#define PULSAR_GROUP	"pulsar"
#ifndef PULSAR_MODULES_DIR /* the build may have another prefix */
#define PULSAR_MODULES_DIR "/usr/lib/pulsar/modules"
#endif

struct pulsar_config_key {
	const char *name;
	const char *otherwise; /* its default as text; NULL: there is none */
	bool list;	       /* several values, with commas between them, in several lines */
};

/* Section [loaderd]. Tables end with a key without a name. */
static const struct pulsar_config_key pulsar_config_loaderd[] = {
	{ "pin_root", PULSAR_PIN_ROOT, false },
	{ "socket", PULSAR_SOCKET, false },
	{ "group", PULSAR_GROUP, false },
	{ "admin_group", NULL, false },
	{ "variant", NULL, false },
	{ "modules_dir", PULSAR_MODULES_DIR, false },
	{ "modules", NULL, true },
	{ "ring_size", "1M", false },
	{ "memory_limit", "64M", false },
	{ "keep_pins", "yes", false },
	{ "bpffs_traverse", "yes", false },
	{ "subscriptions_max", "8", false },
	{ "max_clients", "64", false },
	{ NULL, NULL, false },
};

/* Sections of modules, which have settings of their own beside these. */
static const struct pulsar_config_key pulsar_config_module[] = {
	{ "enabled", "yes", false },   { "group", NULL, false },
	{ "variant", NULL, false },    { "ring_size", NULL, false },
	{ "targets", NULL, true },     { "targets_children", NULL, true },
	{ "whitelist", NULL, true },   { "whitelist_children", NULL, true },
	{ "pid_targets", NULL, true }, { "pid_targets_children", NULL, true },
	{ "uid_targets", NULL, true }, { "cgroup_targets", NULL, true },
	{ NULL, NULL, false },
};

/* The key of that name in a section; NULL: it is none of these. */
static inline const struct pulsar_config_key *pulsar_config_find(const char *section,
								 const char *name)
{
	const struct pulsar_config_key *key = strcmp(section, "loaderd") ? pulsar_config_module
									 : pulsar_config_loaderd;

	while (key->name && strcmp(key->name, name))
		key++;
	return key->name ? key : NULL;
}

#endif
