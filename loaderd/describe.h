/* SPDX-License-Identifier: Apache-2.0 */
/* Fills and freezes the maps that say what a module is: `schema` and `meta`. */
#ifndef LOADERD_DESCRIBE_H
#define LOADERD_DESCRIBE_H

#include "hook.h"
#include "pin.h"
#include "schema.h"

struct image;

/**
 * describe_meta() - what `meta` is to say.
 * @meta: written in full; identity is the caller's.
 */
void describe_meta(const char *module, __u32 generation, unsigned int cpus,
		   const struct hooks *hooks, struct pulsar_meta *meta);

/**
 * describe_image() - enters both into a loaded object's maps, and freezes them.
 *
 * From then on nobody changes them, root included.
 *
 * Return: 0, or negative errno with *error.
 */
int describe_image(const struct image *image, const struct schema *schema,
		   const struct pulsar_meta *meta, struct pin_error *error);

#endif
