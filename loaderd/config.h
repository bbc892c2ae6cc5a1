/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: defaults that need no file, the file, and what the command
 * line puts over it.
 *
 *	[loaderd]
 *	group = pulsar
 *	modules = core, file-created
 *
 *	[file-created]
 *	ring_size = 2M
 *	targets_children = /usr/sbin/sshd, /usr/sbin/cron	rules.h has all of them
 *	some_variable = 7	a `const volatile` variable of the module's object
 */
#ifndef LOADERD_CONFIG_H
#define LOADERD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pulsar/event.h>
#include <pulsar/schema.h>

#include "options.h"
#include "pin.h"
#include "rules.h"

#define CONFIG_GROUP_LEN 64
#define CONFIG_PATH_LEN	 256
#define CONFIG_RING_MIN	 (64u * 1024) /* the memory limit makes no ring smaller than this */

/* One key of a module's section that is not ours: a variable of its object. */
struct config_variable {
	char *name;
	char *value;
	unsigned int line; /* of the file */
};

/* One module's section. */
struct config_module {
	char name[PULSAR_MODULE_LEN];
	unsigned int line; /* of its first key */
	bool enabled;
	char group[CONFIG_GROUP_LEN];	  /* "": that of [loaderd] */
	char variant[PULSAR_VARIANT_LEN]; /* "": the first that works */
	uint64_t ring_size;		  /* bytes; 0: that of [loaderd] */
	struct rules rules;		  /* of its filter */
	struct config_variable *variables;
	size_t variables_count;
	uint64_t given; /* bit k: key k of the table was set, to notice a second time */
};

struct config {
	char path[CONFIG_PATH_LEN]; /* of the file; "": there is none */
	char pin_root[PIN_PATH_MAX];
	char socket[108]; /* sizeof(sockaddr_un.sun_path) */
	char group[CONFIG_GROUP_LEN];
	char admin_group[CONFIG_GROUP_LEN]; /* "": only root controls */
	char modules_dir[CONFIG_PATH_LEN];
	char variant[PULSAR_VARIANT_LEN];   /* for all modules; "": none */
	char (*modules)[PULSAR_MODULE_LEN]; /* none: all that are in modules_dir */
	size_t modules_count;
	uint64_t ring_size;    /* bytes per CPU, module and subscription */
	uint64_t memory_limit; /* bytes, of all rings of `default` together */
	bool keep_pins;	       /* when told to stop */
	bool bpffs_traverse;   /* let others pass through bpffs */
	unsigned int subscriptions_max;
	unsigned int max_clients;
	struct config_module *sections;
	size_t sections_count;
	uint64_t given; /* as in a section */
};

/**
 * config_new() - the defaults.
 *
 * Return: a configuration for config_free(), NULL with ENOMEM.
 */
struct config *config_new(void);

/** config_free() - NULL is fine. */
void config_free(struct config *config);

/**
 * config_parse() - reads the text of a file over what is there.
 * @name: of the file, for errors.
 * @text: @size bytes, need not end in a NUL.
 * @error: "FILE:LINE: what is wrong", for the first line that is.
 *
 * Return: 0, -EINVAL, -ENOMEM; then the configuration is in between and good for
 * config_free() only.
 */
int config_parse(struct config *config, const char *name, const char *text, size_t size,
		 struct pin_error *error);

/**
 * config_load() - defaults, file and command line.
 * @options: its `config` must exist; without one, PULSAR_CONFIG may.
 *
 * Return: a configuration, or NULL with errno and *error.
 */
struct config *config_load(const struct options *options, struct pin_error *error);

/** config_group_given() - whether another group than the default was asked for; that one must exist. */
bool config_group_given(const struct config *config);

/** config_section() - the section of a module, NULL if it has none. */
const struct config_module *config_section(const struct config *config, const char *module);

/**
 * config_wants() - whether a module is to run.
 *
 * That is, it is not disabled in its section, and `modules` is empty or names it.
 * Module core is wanted unless it is disabled.
 */
bool config_wants(const struct config *config, const char *module);

#endif
