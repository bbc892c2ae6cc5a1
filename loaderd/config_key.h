/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a configuration that are ours: what each takes, and where it goes. */
#ifndef LOADERD_CONFIG_KEY_H
#define LOADERD_CONFIG_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

struct config_key {
	const char *name;
	/* Judges `value` and stores it at `field`; *error: what is wrong with the value. */
	int (*set)(const struct config_key *key, void *field, const char *value,
		   struct pin_error *error);
	size_t offset;	   /* of the field */
	size_t size;	   /* texts: of the field, the NUL included */
	uint64_t min, max; /* numbers and sizes */
	bool power_of_two; /* sizes */
};

/* The keys of <pulsar/config.h>, which has their defaults. At most 64, see config.given. */
extern const struct config_key config_keys_loaderd[]; /* offsets in struct config */
extern const struct config_key config_keys_module[];  /* offsets in struct config_module */

/** config_key_find() - the key of that name, or NULL. */
const struct config_key *config_key_find(const struct config_key *table, const char *name);

/**
 * config_key_set() - judges and stores one value.
 * @base: the struct that the table's offsets are of.
 * @error: "KEY: what is wrong".
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int config_key_set(const struct config_key *key, void *base, const char *value,
		   struct pin_error *error);

#endif
