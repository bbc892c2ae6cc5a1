// SPDX-License-Identifier: Apache-2.0
/* What is to be done with each module. */
#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "error.h"
#include "interest.h"
#include "kind.h"
#include "log.h"
#include "upgrade.h"

/* ---- names ---- */

void plan_names_release(struct plan_names *names)
{
	if (!names)
		return;
	free(names->name);
	memset(names, 0, sizeof(*names));
}

bool plan_names_have(const struct plan_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->name[i], name))
			return true;
	return false;
}

static int plan_names_add(const char *name, void *arg)
{
	struct plan_names *names = arg;
	char(*more)[PULSAR_MODULE_LEN];

	more = reallocarray(names->name, names->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	names->name = more;
	strcpy(more[names->count++], name);
	return 0;
}

static int plan_check_sections(const struct config *config, const struct plan_names *all,
			       struct pin_error *error)
{
	for (size_t i = 0; i < config->sections_count; i++) {
		const struct config_module *section = &config->sections[i];

		if (plan_names_have(all, section->name))
			continue;
		/* It does not run, as is asked for; but the name may be a slip. */
		if (!section->enabled)
			log_warn("%s:%u: [%s]: there is no such module in %s", config->path,
				 section->line, section->name, config->modules_dir);
		else
			return error_set(error, -EINVAL,
					 "%s:%u: [%s]: there is no such module in %s", config->path,
					 section->line, section->name, config->modules_dir);
	}
	return 0;
}

int plan_wanted(const struct config *config, struct plan_names *names, struct pin_error *error)
{
	struct plan_names all = { 0 }, wanted = { 0 };
	int err;

	err = object_each(config->modules_dir, plan_names_add, &all, error);
	if (!err)
		err = plan_check_sections(config, &all, error);
	for (size_t i = 0; i < all.count && !err; i++)
		if (config_wants(config, all.name[i]))
			err = plan_names_add(all.name[i], &wanted);
	for (size_t i = 0; i < config->modules_count && !err; i++)
		if (!plan_names_have(&all, config->modules[i]))
			err = plan_names_add(config->modules[i], &wanted);
	if (err == -ENOMEM)
		error_set(error, err, "no memory");
	if (!err && !wanted.count)
		err = error_set(error, -ENOENT, "%s: there is no module to start",
				config->modules_dir);
	plan_names_release(&all);
	if (err)
		plan_names_release(&wanted);
	else
		*names = wanted;
	return err;
}

/* ---- looking ---- */

static int plan_read_object(struct plan *plan, const struct module_site *site)
{
	int err;

	plan->object = object_read(site->config->modules_dir, plan->module->name, &plan->why);
	if (!plan->object)
		return -errno;
	err = module_check(plan->module, site->config, plan->object, &plan->why);
	if (err)
		plan_release(plan);
	return err;
}

int plan_read(struct plan *plan, const struct module_site *site, struct pin_error *error)
{
	struct module *m = plan->module;
	struct hooks hooks = m->hooks;

	plan->unreadable = plan_read_object(plan, site);
	/* Of what runs they are known, with reasons. */
	if (m->state == MODULE_RUNNING)
		m->hooks = hooks;
	if (!plan->unreadable || m->state == MODULE_RUNNING ||
	    pin_module_verify(site->pins, m->name, NULL))
		return 0;
	*error = plan->why;
	return plan->unreadable;
}

static int plan_find(struct plan *plan, const struct module_site *site, __u64 numbers_used)
{
	struct module *m = plan->module;

	if (m->state != MODULE_RUNNING)
		return adopt_module(m, site, plan->object, numbers_used, &plan->why);
	if (!plan->object)
		return ADOPT_OTHER;
	return adopt_compare(m, site, plan->object, ~(1ull << m->number), &plan->why);
}

int plan_look(struct plan *plan, const struct module_site *site, __u64 numbers_used,
	      struct pin_error *error)
{
	const struct pin_error no_object = plan->why;
	int found = plan_find(plan, site, numbers_used);

	if (found < 0) {
		*error = plan->why;
		return found;
	}
	plan->found = found;
	if (!plan->unreadable)
		return 0;
	plan->why = no_object;
	if (found != ADOPT_NOTHING && found != ADOPT_UNUSABLE)
		return 0;
	*error = no_object;
	return plan->unreadable;
}

/* ---- making ---- */

/*
 * "created uses tp (fentry: refused)". That a whole kind of programs is not to be
 * had is told once, not for each hook, and what was asked for needs not be told at
 * all; any other reason is worth a line.
 */
static void plan_log_hooks(const struct module *m)
{
	for (unsigned int i = 0; i < m->hooks.count; i++) {
		const struct hook *hook = &m->hooks.hook[i];
		bool telling = false;
		char why[512] = "";
		size_t len = 0;

		if (hook->chosen >= hook->variants_count)
			continue;
		for (unsigned int v = 0; v < hook->chosen && len < sizeof(why); v++) {
			telling |= !kind_is_reason(hook->variants[v].reason) &&
				   strcmp(hook->variants[v].reason, HOOK_FORCED);
			len += (size_t)snprintf(why + len, sizeof(why) - len, "%s%s: %s",
						v ? "; " : " (", hook->variants[v].name,
						hook->variants[v].reason);
		}
		(telling ? log_info : log_debug)("%s: hook %s uses %s%s%s", m->name, hook->name,
						 hook->variants[hook->chosen].name, why,
						 len ? ")" : "");
	}
}

static int plan_pick_number(const struct plan *plan, __u64 used, unsigned int *number,
			    struct pin_error *error)
{
	unsigned int n = plan->module->number;

	/* Module core filters nothing out, so it needs none. */
	if (!strcmp(plan->module->name, "core")) {
		*number = 0;
		return 0;
	}
	if (used & 1ull << n)
		for (n = 0; n < MODULE_NUMBERS && used & 1ull << n; n++)
			;
	if (n == MODULE_NUMBERS)
		return error_set(error, -E2BIG, "%s: more than %d modules", plan->module->name,
				 MODULE_NUMBERS);
	*number = n;
	return 0;
}

int plan_set_filter(const struct module *module, const struct module_site *site,
		    unsigned int number, struct pin_error *error)
{
	const struct config_module *section = config_section(site->config, module->name);
	int err;

	err = interest_set(site->interest, number, section ? &section->rules : NULL);
	return err ? error_set(error, err, "no memory") : 0;
}

/* Before the programs: from its first event on the filter holds. */
static int plan_filter(const struct plan *plan, const struct module_site *site, unsigned int number,
		       struct pin_error *error)
{
	int err;

	if (!strcmp(plan->module->name, "core"))
		return 0;
	err = plan_set_filter(plan->module, site, number, error);
	if (!err)
		err = interest_apply(site->interest, site->pins, error);
	if (err == -ENOENT && rules_empty(interest_rules(site->interest, number)))
		return 0;
	return err ? error_prefix(error, err, "%s: filter", plan->module->name) : 0;
}

void plan_prepare(struct plan *plan, const struct module_site *site, __u64 numbers_used)
{
	struct module *m = plan->module;
	struct launch *l;
	int err;

	if (plan->found == ADOPT_SAME || !plan->object)
		return;
	l = calloc(1, sizeof(*l));
	if (!l) {
		plan->unreadable = error_set(&plan->why, -ENOMEM, "no memory");
		return;
	}
	l->module = m;
	l->site = site;
	l->object = plan->object;
	l->generation = m->meta.generation + 1;
	l->keep_maps = plan->found == ADOPT_OTHER;
	err = plan_pick_number(plan, numbers_used, &l->number, &plan->why);
	if (err) {
		plan->unreadable = err;
		free(l);
		return;
	}
	plan->launch = l;
	/* If it fails, launch_run() fails in the same way, and tells. */
	launch_prepare(l, NULL);
}

static int plan_load(struct plan *plan, struct pin_error *error)
{
	struct module *m = plan->module;
	int err;

	if (plan->found == ADOPT_UNUSABLE)
		log_warn("%s: what is pinned cannot be taken over (%s), and is replaced", m->name,
			 plan->why.text);
	err = module_load(m, plan->launch, error);
	if (err < 0) {
		m->state = MODULE_FAILED;
		m->error = *error;
		return err;
	}
	if (err > 0)
		log_warn("%s", error->text);
	m->made = plan->found == ADOPT_NOTHING;
	m->error.text[0] = '\0';
	log_info("%s: loaded, generation %u", m->name, m->meta.generation);
	plan_log_hooks(m);
	return 0;
}

static int plan_upgrade(struct plan *plan, struct pin_error *error)
{
	struct module *m = plan->module;
	int err;

	err = upgrade_module(m, plan->launch, error);
	if (err < 0)
		return err;
	if (err > 0)
		log_warn("%s", error->text);
	m->error.text[0] = '\0';
	log_info("%s: upgraded to generation %u: %s", m->name, m->meta.generation, plan->why.text);
	plan_log_hooks(m);
	return 0;
}

/* What there is to load, if there is something. */
static int plan_launch(struct plan *plan, const struct module_site *site, struct pin_error *error)
{
	int err;

	if (!plan->launch) {
		*error = plan->why;
		return plan->unreadable;
	}
	err = plan_filter(plan, site, plan->launch->number, error);
	if (err)
		return err;
	return plan->found == ADOPT_OTHER ? plan_upgrade(plan, error) : plan_load(plan, error);
}

int plan_make(struct plan *plan, const struct module_site *site, struct pin_error *error)
{
	struct module *m = plan->module;
	int err;

	if (plan->found == ADOPT_SAME) {
		m->error.text[0] = '\0';
		if (m->adopted)
			log_info("%s: taken over, generation %u", m->name, m->meta.generation);
		return 0;
	}
	err = plan_launch(plan, site, error);
	if (err && m->state == MODULE_RUNNING) {
		m->error = *error;
		log_error("%s: generation %u runs on: %s", m->name, m->meta.generation,
			  error->text);
	}
	return err;
}

void plan_release(struct plan *plan)
{
	launch_release(plan->launch);
	free(plan->launch);
	plan->launch = NULL;
	object_free(plan->object);
	plan->object = NULL;
}
