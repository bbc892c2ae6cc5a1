/* SPDX-License-Identifier: Apache-2.0 */
/* What a reader opens of its module's pins, read-only: events, counters, schemas. */
#ifndef READERS_MODULE_H
#define READERS_MODULE_H

#include <stdbool.h>

#include "counters.h"
#include "generations.h"
#include "pin.h"

struct module {
	const char *pin_root, *name; /* borrowed */
	unsigned int cpus;	     /* possible CPUs */
	int events_fd;
	__u32 events_id; /* the kernel's id of the map: changes when the module is loaded anew */
	struct counters counters;
	struct generations generations;
};

/**
 * module_open() - open the pins of a module
 * @module: storage of the caller, released with module_release()
 * @pin_root: where modules are pinned; outlives @module, as the next two do
 * @name: of the module
 * @cpus: possible CPUs, from cpus_possible()
 * @events: names of the events to print, or NULL
 * @error: out, on failure: what is wrong, for people
 *
 * Return: 0; -ENOENT there is no such module; -EACCES; -ENOMSG it has no such event;
 * another negative errno.
 */
int module_open(struct module *module, const char *pin_root, const char *name, unsigned int cpus,
		const char *events, struct pin_error *error);

/* Closes what is open. */
void module_release(struct module *module);

/**
 * module_current() - whether what is pinned now is what was opened
 * @module: the module
 *
 * Return: 1 it is; 0 it was removed and loaded anew; -ENOENT it was removed; another
 * negative errno.
 */
int module_current(const struct module *module);

#endif
