/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of an object from its file to attached programs, tried with one
 * selection of variants after the other until one works; and then to its pins.
 * module_load() and upgrade_module() go it with different maps.
 */
#ifndef LOADERD_LAUNCH_H
#define LOADERD_LAUNCH_H

#include <linux/types.h>

#include <pulsar/schema.h>

#include "hook.h"
#include "module.h"
#include "pin.h"

struct image;

struct launch {
	struct module *module; /* its number, gid and stream are read */
	const struct module_site *site;
	const struct object *object;
	__u32 generation;
	bool keep_maps; /* take over what is pinned of the module and equal */
	/*
	 * Called between load and attach, e.g. to open the rings; undone by `undo` if the
	 * programs cannot be attached then. May be NULL, both.
	 */
	int (*ready)(struct launch *launch, struct pin_error *error);
	void (*undo)(struct launch *launch);

	/* Made by launch_run(): */
	struct hooks hooks;
	struct image *image;	 /* attached */
	struct pulsar_meta meta; /* as it was entered into the map */
	size_t events;
};

/**
 * launch_run() - loads and attaches.
 *
 * Return: 0, or negative errno with *error, -EOPNOTSUPP: a hook has no variant left.
 * In any case launch_release() afterwards; until launch_pin() it detaches all again.
 * launch->hooks tells about the variants also on failure.
 */
int launch_run(struct launch *launch, struct pin_error *error);

/**
 * launch_pin() - pins all of it, in one step, in place of what is pinned of the module.
 *
 * Return: 0; 1 with *error: done, but something of the old one could not be removed;
 * negative errno with *error: all is as before.
 */
int launch_pin(struct launch *launch, struct pin_error *error);

/** launch_release() - frees the image; what is not pinned is detached. */
void launch_release(struct launch *launch);

#endif
