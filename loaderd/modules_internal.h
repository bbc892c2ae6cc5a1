/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of modules.h share. Nobody else includes it. */
#ifndef LOADERD_MODULES_INTERNAL_H
#define LOADERD_MODULES_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "module.h"
#include "modules.h"
#include "plan.h"

struct excluded;

struct modules {
	struct module_site site;
	struct module **list; /* core first, then the alphabet */
	size_t count;
	struct excluded *excluded;
};

static inline bool modules_is_core(const struct module *m)
{
	return !strcmp(m->name, "core");
}

/* ---- modules.c ---- */

/* modules_apply() for one module, `only`, or for all of them: NULL. */
int modules_pass(struct modules *set, const char *only, bool strict, struct pin_error *error);

/* ---- modules_share.c ---- */

/* Opens the maps of excluded processes anew: after a module came or went. */
void modules_refresh_excluded(struct modules *set);
/* Brings the filters of the modules in these plans to what the configuration has. */
void modules_refresh_filters(struct modules *set, const struct plan *plans, size_t count);
/* The sizes of rings, halved until all of them fit; each of `wanted` is in the set. */
void modules_set_rings(struct modules *set, const struct plan_names *wanted);
/* Who may read each module; negative errno with *error: there is no such group. */
int modules_set_groups(struct modules *set, const struct plan *plans, size_t count,
		       struct pin_error *error);

#endif
