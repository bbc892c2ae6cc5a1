/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be done with each module: which a configuration wants, what of them is
 * there, and then doing it. One subject of modules.c, which calls it in order.
 */
#ifndef LOADERD_PLAN_H
#define LOADERD_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "adopt.h"
#include "launch.h"
#include "module.h"
#include "object.h"
#include "pin.h"

/* One module's. */
struct plan {
	struct module *module;
	struct object *object;	/* NULL: it cannot be had, or is no module */
	int unreadable;		/* ... and this is the negative errno for it */
	enum adopt_found found; /* after plan_look() */
	struct pin_error why;	/* why not ADOPT_SAME */
	bool wrong;		/* plan_look() failed: there is nothing to make */
	struct launch *launch;	/* after plan_prepare(), if something is to be loaded */
};

/* Names of modules, in order. */
struct plan_names {
	char (*name)[PULSAR_MODULE_LEN];
	size_t count;
};

/**
 * plan_wanted() - the modules that a configuration wants.
 * @names: written on success; plan_names_release() afterwards.
 *
 * Return: 0, or negative errno with *error: a section is of a module that does not
 * exist, the directory cannot be read, there is no module in it. A name in `modules`
 * without a file is among the names.
 */
int plan_wanted(const struct config *config, struct plan_names *names, struct pin_error *error);

/** plan_names_release() - NULL is fine. */
void plan_names_release(struct plan_names *names);

/** plan_names_have() - whether a name is among them. */
bool plan_names_have(const struct plan_names *names, const char *name);

/**
 * plan_read() - reads and judges the object, without the kernel's help.
 *
 * Return: 0; negative errno with *error: it is wrong, and nothing is there that could
 * run in its place.
 */
int plan_read(struct plan *plan, const struct module_site *site, struct pin_error *error);

/**
 * plan_look() - after plan_read(): takes over what is pinned.
 * @numbers_used: of module numbers, as bits.
 *
 * Return: 0 with plan->found; negative errno with *error: it does not run and cannot.
 */
int plan_look(struct plan *plan, const struct module_site *site, __u64 numbers_used,
	      struct pin_error *error);

/**
 * plan_prepare() - after plan_look(): readies what is to be loaded, for launch_load_all().
 * @numbers_used: as above, with those of modules that are prepared already.
 *
 * What goes wrong here is told by plan_make().
 */
void plan_prepare(struct plan *plan, const struct module_site *site, __u64 numbers_used);

/**
 * plan_make() - loads or upgrades what was prepared. Logs what was done.
 *
 * Return: 0, or negative errno with *error: it does not run, or in its old generation.
 */
int plan_make(struct plan *plan, const struct module_site *site, struct pin_error *error);

/**
 * plan_set_filter() - notes what the configuration has as the filter of a module.
 * @number: of the module.
 *
 * Return: 0, or -ENOMEM with *error.
 */
int plan_set_filter(const struct module *module, const struct module_site *site,
		    unsigned int number, struct pin_error *error);

/** plan_release() - frees the launch and the object. */
void plan_release(struct plan *plan);

#endif
