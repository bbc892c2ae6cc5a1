// SPDX-License-Identifier: Apache-2.0
/* What is asked of the set while it runs, and the judgement of --check. */
#include <errno.h>
#include <stdio.h>

#include "config.h"
#include "error.h"
#include "excluded.h"
#include "interest.h"
#include "log.h"
#include "modules_internal.h"
#include "object.h"
#include "rules.h"
#include "stream.h"

/* The others read core's maps: if core came or went, they are loaded anew with what there is now. */
static void modules_follow_core(struct modules *set, const char *name)
{
	struct pin_error error;

	if (!strcmp(name, "core") && modules_pass(set, NULL, false, &error) < 0)
		log_error("%s", error.text);
}

int modules_start(struct modules *set, const char *name, struct pin_error *error)
{
	struct module *m = modules_find(set, name);
	int err;

	if (m && m->state == MODULE_RUNNING)
		return error_set(error, -EALREADY, "%s runs already", name);
	if (!config_wants(set->site.config, name))
		return error_set(error, -ENOENT, "%s is not among the modules of the configuration",
				 name);
	if (m)
		m->held = false;
	err = modules_pass(set, name, false, error);
	if (err < 0)
		return err;
	m = modules_find(set, name);
	if (!m)
		return error_set(error, -ENOENT, "there is no module %s", name);
	if (m->state != MODULE_RUNNING)
		return error_set(error, -EIO, "%s", m->error.text);
	modules_follow_core(set, name);
	return 0;
}

int modules_stop(struct modules *set, const char *name, struct pin_error *error)
{
	struct module *m = modules_find(set, name);
	int err;

	if (!m)
		return error_set(error, -ENOENT, "there is no module %s", name);
	if (m->state != MODULE_RUNNING)
		return error_set(error, -EALREADY, "%s does not run", name);
	err = module_remove(m, &set->site, error);
	if (err)
		return err;
	m->held = true;
	log_info("%s: stopped, its pins were removed", name);
	modules_refresh_excluded(set);
	modules_follow_core(set, name);
	return 0;
}

int modules_teardown(struct modules *set, struct pin_error *error)
{
	struct pin_error one;
	int err, first = 0;

	for (size_t i = set->count; i-- > 0;) {
		struct module *m = set->list[i];

		if (m->state != MODULE_RUNNING)
			continue;
		err = module_remove(m, &set->site, &one);
		if (err && !first) {
			first = err;
			*error = one;
		}
		m->held = !err;
	}
	modules_refresh_excluded(set);
	return first;
}

/* ---- filters ---- */

const struct rules *modules_filter(const struct modules *set, const struct module *module)
{
	if (modules_is_core(module) || module->state != MODULE_RUNNING)
		return NULL;
	return interest_rules(set->site.interest, module->number);
}

int modules_set_filter(struct modules *set, const char *name, const struct rules *rules,
		       struct pin_error *error)
{
	const struct module *m = modules_find(set, name);
	const struct rules *present = m ? modules_filter(set, m) : NULL;
	struct rules old = { 0 };
	struct pin_error ignored;
	int err;

	if (!present)
		return error_set(error, -ENOENT, "there is no module %s that runs and has events",
				 name);
	err = rules_copy(&old, present);
	if (!err)
		err = interest_set(set->site.interest, m->number, rules);
	if (err) {
		rules_release(&old);
		return error_set(error, err, "no memory");
	}
	err = interest_apply(set->site.interest, set->site.pins, error);
	if (!err) {
		log_info("%s: filter changed", name);
	} else {
		interest_set(set->site.interest, m->number, &old);
		interest_apply(set->site.interest, set->site.pins, &ignored);
	}
	rules_release(&old);
	return err;
}

/* ---- readers ---- */

void modules_attached(struct modules *set, pid_t pid, bool on)
{
	int err = excluded_set(set->excluded, pid, on);

	if (err)
		log_warn("reader %d could not be excluded from the events: %s", pid,
			 strerror(-err));
}

void modules_sweep(struct modules *set)
{
	unsigned int removed = excluded_sweep(set->excluded);

	if (removed)
		log_info("%u processes that were excluded have not come back, and are no more",
			 removed);
}

/* ---- --check ---- */

static int modules_check_one(const struct config *config, const char *name, struct pin_error *error)
{
	struct module *m = module_new(name);
	struct object *object = object_read(config->modules_dir, name, error);
	int err = object ? 0 : -errno;

	if (!err)
		err = m ? module_check(m, config, object, error) : -ENOMEM;
	if (!err) {
		printf("%s: %zu events\n", name, m->events);
		for (unsigned int h = 0; h < m->hooks.count; h++) {
			printf("  %s:", m->hooks.hook[h].name);
			for (unsigned int v = 0; v < m->hooks.hook[h].variants_count; v++)
				printf(" %s", m->hooks.hook[h].variants[v].name);
			printf("\n");
		}
	}
	object_free(object);
	module_free(m);
	return err;
}

int modules_check(const struct config *config, struct pin_error *error)
{
	struct plan_names names;
	int err;

	err = plan_wanted(config, &names, error);
	if (err)
		return err;
	for (size_t i = 0; i < names.count && !err; i++)
		err = modules_check_one(config, names.name[i], error);
	plan_names_release(&names);
	return err;
}
