/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes over what a former loaderd left pinned: its maps and positions get new
 * rings, its programs run on untouched.
 */
#ifndef LOADERD_ADOPT_H
#define LOADERD_ADOPT_H

#include <linux/types.h>

#include "module.h"
#include "pin.h"

enum adopt_found {
	ADOPT_NOTHING,	/* nothing is pinned of it */
	ADOPT_UNUSABLE, /* something is, but of another ABI or not whole: to be loaded afresh */
	ADOPT_OTHER, /* taken over; what is loaded is not what would be loaded now: to be upgraded */
	ADOPT_SAME,  /* taken over as it is */
};

/**
 * adopt_module() - looks at the pins of a module and takes over what can be.
 * @module: not running; its gid and ring_bytes are set.
 * @object: of the module, checked; NULL: it cannot be had, so it counts as another one.
 * @numbers_used: bits of module numbers that other modules have.
 * @error: for ADOPT_UNUSABLE and ADOPT_OTHER: why, or "".
 *
 * With ADOPT_OTHER and ADOPT_SAME the module runs. With ADOPT_UNUSABLE
 * module->meta.generation is that of what is pinned, 0 if it cannot be told.
 *
 * Return: enum adopt_found, or negative errno with *error: -EPERM there are objects
 * that loaderd did not make.
 */
int adopt_module(struct module *module, const struct module_site *site, const struct object *object,
		 __u64 numbers_used, struct pin_error *error);

/**
 * adopt_compare() - whether an object is what runs already.
 * @module: running, or with its meta read and its hooks set by module_check().
 * @numbers_used: bits of module numbers that the module may not have.
 * @error: with ADOPT_OTHER why, or "".
 *
 * Return: ADOPT_SAME with module->number set, ADOPT_OTHER, or negative errno with *error.
 */
int adopt_compare(struct module *module, const struct module_site *site,
		  const struct object *object, __u64 numbers_used, struct pin_error *error);

#endif
