// SPDX-License-Identifier: Apache-2.0
/* One list of names, built up in the text of a struct pin_error. */
#include "config_fixed.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "config.h"
#include "error.h"

static void fixed_add(struct pin_error *list, const char *module, const char *key)
{
	error_set(list, 0, "%s%s%s%s%s", list->text, list->text[0] ? ", " : "", module,
		  *module ? "." : "", key);
}

static uint64_t fixed_ring_size(const struct config *config, const char *module)
{
	const struct config_module *section = config_section(config, module);

	return section ? section->ring_size : 0;
}

/* Rings that are there keep their size. */
static void fixed_rings(const struct config *old, const struct config *new, struct pin_error *list)
{
	for (size_t i = 0; i < new->sections_count; i++)
		if (fixed_ring_size(old, new->sections[i].name) != new->sections[i].ring_size)
			fixed_add(list, new->sections[i].name, "ring_size");
	for (size_t i = 0; i < old->sections_count; i++)
		if (old->sections[i].ring_size && !config_section(new, old->sections[i].name))
			fixed_add(list, old->sections[i].name, "ring_size");
}

void config_fixed_changes(const struct config *old, const struct config *new,
			  struct pin_error *list)
{
	const struct {
		const char *key;
		bool changed;
	} keys[] = {
		{ "pin_root", strcmp(old->pin_root, new->pin_root) },
		{ "socket", strcmp(old->socket, new->socket) },
		{ "admin_group", strcmp(old->admin_group, new->admin_group) },
		{ "max_clients", old->max_clients != new->max_clients },
		{ "ring_size", old->ring_size != new->ring_size },
		{ "memory_limit", old->memory_limit != new->memory_limit },
	};

	list->text[0] = '\0';
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].changed)
			fixed_add(list, "", keys[i].key);
	fixed_rings(old, new, list);
}
