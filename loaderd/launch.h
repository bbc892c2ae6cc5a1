/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of an object from its file to attached programs, tried with one
 * selection of variants after the other until one works; and then to its pins.
 * module_load() and upgrade_module() go it with different maps.
 */
#ifndef LOADERD_LAUNCH_H
#define LOADERD_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include <pulsar/schema.h>

#include "hook.h"
#include "module.h"
#include "pin.h"
#include "schema.h"

struct image;

/* Zeroed but for what the caller sets. */
struct launch {
	struct module *module; /* its gid and stream are read */
	const struct module_site *site;
	const struct object *object; /* checked; outlives the launch */
	unsigned int number;	     /* of the module, from now on */
	__u32 generation;
	bool keep_maps; /* take over what is pinned of the module and equal */
	/*
	 * Called between load and attach, e.g. to open the rings; undone by `undo` if the
	 * programs cannot be attached then. May be NULL, both.
	 */
	int (*ready)(struct launch *launch, struct pin_error *error);
	void (*undo)(struct launch *launch);

	/* Made on the way: */
	struct hooks hooks;
	struct image *image;
	struct schema schema;
	struct pulsar_meta meta; /* as it was entered into the map */
	bool loaded;		 /* it was tried: */
	int load_err;
	struct pin_error load_error;
};

/**
 * launch_prepare() - all that comes before the kernel's verifier.
 *
 * Return: 0, or negative errno with *error; launch_run() then tries again.
 */
int launch_prepare(struct launch *launch, struct pin_error *error);

/**
 * launch_load_all() - loads several prepared launches at the same time.
 *
 * The verifier is what takes the time of a start, and it runs on the CPU of who
 * calls it. Returns when all are loaded, or have failed; launch_run() tells.
 */
void launch_load_all(struct launch **launches, size_t count);

/**
 * launch_run() - loads, if that is not done, and attaches.
 *
 * Return: 0, or negative errno with *error, -EOPNOTSUPP: a hook has no variant left.
 * Until launch_pin(), launch_release() detaches all again. launch->hooks tells about the
 * variants also on failure.
 */
int launch_run(struct launch *launch, struct pin_error *error);

/**
 * launch_pin() - pins all of it, in one step, in place of what is pinned of the module.
 *
 * Return: 0; 1 with *error: done, but something of the old one could not be removed;
 * negative errno with *error: all is as before.
 */
int launch_pin(struct launch *launch, struct pin_error *error);

/** launch_release() - frees what was made on the way; what is not pinned is detached. NULL is fine. */
void launch_release(struct launch *launch);

#endif
