/* SPDX-License-Identifier: Apache-2.0 */
/* Fits the maps of an opened object to this machine, and to maps that are there already. */
#ifndef LOADERD_FIT_H
#define LOADERD_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include "pin.h"

struct image;
struct module_site;

/**
 * fit_required() - whether an object has the maps that a module must have.
 *
 * Return: 0, or -EINVAL with *error.
 */
int fit_required(const struct image *image, struct pin_error *error);

/**
 * fit_maps() - sets the sizes that depend on the machine, and takes over maps.
 * @fields: entries that `schema` will have.
 * @keep: take over what is pinned of the module and has an equal definition.
 *
 * Maps of module core are always taken over, if core is there.
 *
 * Return: 0; -EINVAL with *error: a map that must go over has another definition; or
 * another negative errno with *error.
 */
int fit_maps(struct image *image, const struct module_site *site, size_t fields, bool keep,
	     struct pin_error *error);

#endif
