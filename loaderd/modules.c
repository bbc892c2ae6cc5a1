// SPDX-License-Identifier: Apache-2.0
/* All modules together: the set, and how it becomes what a configuration asks for. */
#include "modules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "error.h"
#include "excluded.h"
#include "interest.h"
#include "kind.h"
#include "log.h"
#include "memory.h"
#include "modules_internal.h"
#include "plan.h"
#include "stream.h"
#include "tracefs.h"
#include "types.h"

struct modules *modules_new(struct pin_root *pins, unsigned int cpus)
{
	struct modules *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->site.pins = pins;
	set->site.cpus = cpus;
	set->excluded = excluded_new();
	set->site.interest = interest_new();
	if (set->excluded && set->site.interest)
		return set;
	modules_free(set);
	return NULL;
}

void modules_free(struct modules *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->count; i++)
		module_free(set->list[i]);
	free(set->list);
	types_forget();
	excluded_free(set->excluded);
	interest_free(set->site.interest);
	free(set);
}

struct module *modules_find(const struct modules *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (!strcmp(set->list[i]->name, name))
			return set->list[i];
	return NULL;
}

struct module *modules_at(const struct modules *set, size_t index)
{
	return index < set->count ? set->list[index] : NULL;
}

struct stream *modules_stream(const struct modules *set, __u32 events_id)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->list[i]->stream && stream_events_id(set->list[i]->stream) == events_id)
			return set->list[i]->stream;
	return NULL;
}

static int modules_compare(const void *a, const void *b)
{
	struct module *const *left = a;
	struct module *const *right = b;

	if (modules_is_core(*left) != modules_is_core(*right))
		return modules_is_core(*left) ? -1 : 1;
	return strcmp((*left)->name, (*right)->name);
}

static struct module *modules_get(struct modules *set, const char *name)
{
	struct module *m = modules_find(set, name);
	struct module **more;

	if (m)
		return m;
	m = module_new(name);
	more = m ? reallocarray(set->list, set->count + 1, sizeof(*more)) : NULL;
	if (!more) {
		module_free(m);
		return NULL;
	}
	set->list = more;
	more[set->count++] = m;
	qsort(more, set->count, sizeof(*more), modules_compare);
	return m;
}

static __u64 modules_numbers(const struct modules *set, const struct module *but)
{
	__u64 used = 0;

	for (size_t i = 0; i < set->count; i++)
		if (set->list[i] != but && !modules_is_core(set->list[i]) &&
		    set->list[i]->state == MODULE_RUNNING)
			used |= 1ull << set->list[i]->number;
	return used;
}

/* ---- one pass over a plan ---- */

struct modules_pass {
	struct modules *set;
	bool strict;
	struct plan_names wanted;
	struct plan *plans;
	size_t count;
	int wrong; /* modules that were */
	struct pin_error *error;
};

static int modules_prepare(struct modules_pass *p, const char *only)
{
	struct modules *set = p->set;
	int err;

	err = plan_wanted(set->site.config, &p->wanted, p->error);
	if (err)
		return err;
	p->plans = calloc(p->wanted.count, sizeof(*p->plans));
	if (!p->plans)
		return error_set(p->error, -ENOMEM, "no memory");
	for (size_t i = 0; i < p->wanted.count; i++) {
		struct module *m = modules_get(set, p->wanted.name[i]);

		if (!m)
			return error_set(p->error, -ENOMEM, "no memory");
		if (!m->held && (!only || !strcmp(m->name, only)))
			p->plans[p->count++].module = m;
	}
	err = modules_set_groups(set, p->plans, p->count, p->error);
	if (!err)
		modules_set_rings(set, &p->wanted);
	return err;
}

/* A module that is wrong ends a strict pass. One that this kernel cannot run does not. */
static int modules_judge(struct modules_pass *p, const struct plan *plan, int err)
{
	struct module *m = plan->module;

	if (!err)
		return 0;
	p->wrong++;
	if (m->state == MODULE_RUNNING)
		return 0; /* in its old generation; plan_make() has told */
	m->state = MODULE_FAILED;
	m->error = *p->error;
	if (p->strict && err != -EOPNOTSUPP)
		return err;
	log_error("%s: %s", m->name, p->error->text);
	return 0;
}

/* All of them before the kernel is touched: what is wrong with one is known at once. */
static int modules_read(struct modules_pass *p)
{
	int err = 0;

	for (size_t i = 0; i < p->count && !err; i++) {
		err = plan_read(&p->plans[i], &p->set->site, p->error);
		p->plans[i].wrong = err != 0;
		err = modules_judge(p, &p->plans[i], err);
	}
	return err;
}

static int modules_look(struct modules_pass *p, struct plan *plan)
{
	__u64 used = modules_is_core(plan->module) ? 0 : modules_numbers(p->set, plan->module);
	int err;

	if (plan->wrong)
		return 0; /* and that was told */
	err = plan_look(plan, &p->set->site, used, p->error);

	plan->wrong = err != 0;
	return modules_judge(p, plan, err);
}

/* Loads what differs, all of it at the same time, and then attaches one after the other. */
static int modules_make(struct modules_pass *p, struct plan *plans, size_t count)
{
	struct launch **launches = calloc(count + 1, sizeof(*launches));
	__u64 reserved = 0;
	size_t n = 0;
	int err = 0;

	if (!launches)
		return error_set(p->error, -ENOMEM, "no memory");
	for (size_t i = 0; i < count; i++) {
		struct plan *plan = &plans[i];
		__u64 used = reserved | modules_numbers(p->set, plan->module);

		if (!plan->wrong)
			plan_prepare(plan, &p->set->site, used);
		if (!plan->launch)
			continue;
		if (!modules_is_core(plan->module))
			reserved |= 1ull << plan->launch->number;
		if (plan->launch->image)
			launches[n++] = plan->launch;
	}
	launch_load_all(launches, n);
	free(launches);
	for (size_t i = 0; i < count && !err; i++)
		if (!plans[i].wrong) /* that was told */
			err = modules_judge(p, &plans[i],
					    plan_make(&plans[i], &p->set->site, p->error));
	return err;
}

/*
 * Core first, because the others take its maps; then who can be taken over, because
 * that tells which numbers are in use; then the rest.
 */
static int modules_run(struct modules_pass *p)
{
	size_t first = 0;
	int err;

	err = modules_read(p);
	if (err)
		return err;
	if (p->count && modules_is_core(p->plans[0].module)) {
		err = modules_look(p, &p->plans[0]);
		if (!err)
			err = modules_make(p, p->plans, 1);
		first = 1;
	}
	modules_refresh_excluded(p->set);
	for (size_t i = first; i < p->count && !err; i++)
		err = modules_look(p, &p->plans[i]);
	if (!err)
		err = modules_make(p, p->plans + first, p->count - first);
	modules_refresh_excluded(p->set);
	if (!err)
		modules_refresh_filters(p->set, p->plans, p->count);
	return err;
}

/* ---- what is not wanted ---- */

static int modules_remove_other(const char *name, void *arg)
{
	struct modules_pass *p = arg;
	struct pin_error error;

	if (plan_names_have(&p->wanted, name))
		return 0;
	if (pin_module_remove(p->set->site.pins, name, &error) < 0)
		log_error("%s: %s", name, error.text);
	else
		log_info("%s: not asked for, its pins were removed", name);
	return 0;
}

static void modules_remove_unwanted(struct modules_pass *p)
{
	struct modules *set = p->set;
	struct pin_error error;

	for (size_t i = set->count; i-- > 0;) {
		struct module *m = set->list[i];

		if (plan_names_have(&p->wanted, m->name))
			continue;
		if (m->state == MODULE_RUNNING && module_remove(m, &set->site, &error) < 0) {
			log_error("%s: %s", m->name, error.text);
			continue;
		}
		log_info("%s: stopped, it is not asked for any more", m->name);
		module_free(m);
		memmove(&set->list[i], &set->list[i + 1], (--set->count - i) * sizeof(*set->list));
	}
	if (pin_modules_each(set->site.pins, modules_remove_other, p, &error) < 0)
		log_warn("%s", error.text);
}

/* A strict pass that ended leaves nothing that was not there before. */
static void modules_undo(struct modules *set)
{
	struct pin_error error;

	for (size_t i = set->count; i-- > 0;)
		if (set->list[i]->made && module_remove(set->list[i], &set->site, &error) < 0)
			log_error("%s", error.text);
}

static int modules_all_failed(const struct modules_pass *p)
{
	const struct module *failed = NULL;

	for (size_t i = 0; i < p->count; i++) {
		if (modules_is_core(p->plans[i].module))
			continue;
		if (p->plans[i].module->state != MODULE_FAILED)
			return 0;
		failed = p->plans[i].module;
	}
	return failed ? error_set(p->error, -EOPNOTSUPP, "no module could be started") : 0;
}

int modules_pass(struct modules *set, const char *only, bool strict, struct pin_error *error)
{
	struct modules_pass p = { .set = set, .strict = strict, .error = error };
	struct pin_error no_tracefs;
	int err;

	err = modules_prepare(&p, only);
	if (err)
		goto out;
	if (tracefs_open(&no_tracefs) < 0)
		log_warn("%s: modules that need tracepoints cannot be attached", no_tracefs.text);
	err = modules_run(&p);
	kind_trim();
	if (!err && strict)
		err = modules_all_failed(&p);
	if (!err && !only)
		modules_remove_unwanted(&p);
	if (err && strict)
		modules_undo(set);
out:
	for (size_t i = 0; i < p.count; i++)
		plan_release(&p.plans[i]);
	free(p.plans);
	plan_names_release(&p.wanted);
	memory_trim();
	return err ? err : strict ? 0 : p.wrong;
}

int modules_apply(struct modules *set, const struct config *config, bool strict,
		  struct pin_error *error)
{
	set->site.config = config;
	return modules_pass(set, NULL, strict, error);
}
