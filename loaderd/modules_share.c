// SPDX-License-Identifier: Apache-2.0
/* What modules share: memory for rings, groups, and who is excluded. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "budget.h"
#include "config.h"
#include "cpus.h"
#include "error.h"
#include "excluded.h"
#include "group.h"
#include "interest.h"
#include "log.h"
#include "modules_internal.h"

void modules_refresh_excluded(struct modules *set)
{
	const struct module *core = modules_find(set, "core");
	bool shared = core && core->state == MODULE_RUNNING;
	int *fds = calloc(set->count + 1, sizeof(*fds));
	size_t n = 0;
	int err;

	if (!fds)
		return;
	for (size_t i = 0; i < set->count; i++) {
		const struct module *m = set->list[i];

		if (m->state != MODULE_RUNNING || (shared && m != core))
			continue;
		fds[n] = pin_map_open(set->site.pins, m->name, "maps/core_excluded", NULL, NULL);
		if (fds[n] >= 0)
			n++;
	}
	err = excluded_use_maps(set->excluded, fds, n);
	if (err)
		log_warn("not all maps for processes to be excluded could be kept open: %s",
			 strerror(-err));
	while (n)
		close(fds[--n]);
	free(fds);
}

/* Of a number that no module has: its rules would be the next one's. */
static void modules_forget_filters(const struct modules *set)
{
	__u64 used = 0;

	for (size_t i = 0; i < set->count; i++)
		if (set->list[i]->state == MODULE_RUNNING && !modules_is_core(set->list[i]))
			used |= 1ull << set->list[i]->number;
	for (unsigned int n = 0; n < MODULE_NUMBERS; n++)
		if (!(used & 1ull << n))
			interest_set(set->site.interest, n, NULL);
}

void modules_refresh_filters(struct modules *set, const struct plan *plans, size_t count)
{
	const struct module *core = modules_find(set, "core");
	struct pin_error error = { "" };
	int err = 0;

	if (!core || core->state != MODULE_RUNNING)
		return;
	modules_forget_filters(set);
	for (size_t i = 0; i < count && !err; i++) {
		const struct module *m = plans[i].module;

		if (m->state == MODULE_RUNNING && !modules_is_core(m))
			err = plan_set_filter(m, &set->site, m->number, &error);
	}
	if (!err)
		err = interest_apply(set->site.interest, set->site.pins, &error);
	if (err)
		log_error("filters: %s", error.text);
	else if (error.text[0])
		log_warn("filters: %s", error.text);
}

void modules_set_rings(struct modules *set, const struct plan_names *wanted)
{
	const struct config *config = set->site.config;
	uint64_t *sizes = calloc(wanted->count + 1, sizeof(*sizes));
	unsigned int cpus = 1, shift;
	struct cpus online;
	size_t n = 0;

	if (!sizes)
		return;
	if (!cpus_read("online", &online))
		cpus = cpus_count(&online);
	for (size_t i = 0; i < wanted->count; i++) {
		const struct config_module *section = config_section(config, wanted->name[i]);

		/* Module core has no events, so no rings. */
		if (!strcmp(wanted->name[i], "core"))
			continue;
		sizes[i] = section && section->ring_size ? section->ring_size : config->ring_size;
		n++;
	}
	shift = budget_fit(sizes, wanted->count, cpus, config->memory_limit);
	if (shift)
		log_warn("rings of %zu modules on %u CPUs would take %llu KiB: halved %u times, to "
			 "%llu KiB "
			 "(memory_limit %llu KiB)",
			 n, cpus,
			 (unsigned long long)budget_total(sizes, wanted->count, cpus, 0) / 1024,
			 shift,
			 (unsigned long long)budget_total(sizes, wanted->count, cpus, shift) / 1024,
			 (unsigned long long)config->memory_limit / 1024);
	for (size_t i = 0; i < wanted->count; i++)
		modules_find(set, wanted->name[i])->ring_bytes = budget_size(sizes[i], shift);
	free(sizes);
}

int modules_set_groups(struct modules *set, const struct plan *plans, size_t count,
		       struct pin_error *error)
{
	const struct config *config = set->site.config;
	bool missing = false;
	gid_t common = 0;
	int err;

	if (config_group_given(config))
		err = group_find(config->group, &common, error);
	else
		err = group_find_default(config->group, &common, &missing, error);
	if (missing)
		log_warn("there is no group '%s': only root can read events", config->group);
	for (size_t i = 0; i < count && !err; i++) {
		struct module *m = plans[i].module;
		const struct config_module *section = config_section(config, m->name);

		m->gid = common;
		if (section && section->group[0])
			err = group_find(section->group, &m->gid, error);
		if (err)
			error_prefix(error, err, "[%s]", m->name);
	}
	return err;
}
