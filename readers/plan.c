// SPDX-License-Identifier: Apache-2.0
/* The outside of plans: see plan.h. How they are made: plan_compile.c. */
#include "plan.h"

#include <stdlib.h>

#include "decode/syscall.h"
#include "plan_event.h"

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	syscall_names_free(plan->syscalls);
	free(plan->by_bits);
	free(plan->by_value);
	free(plan->fields);
	free(plan->events);
	free(plan);
}

const char *plan_module(const struct plan *plan)
{
	return plan->module;
}

uint32_t plan_generation(const struct plan *plan)
{
	return plan->generation;
}

const char *plan_event(const struct plan *plan, size_t index)
{
	return index < plan->event_count ? plan->events[index].name : NULL;
}

/* True if `name` of `len` bytes is `event`. */
static bool same_name(const char *event, const char *name, size_t len)
{
	return strlen(event) == len && !memcmp(event, name, len);
}

static const char *next_name(const char *names, size_t len)
{
	return names[len] ? names + len + 1 : NULL;
}

static bool in_list(const char *event, const char *names)
{
	for (size_t len; names; names = next_name(names, len)) {
		len = strcspn(names, ",");
		if (same_name(event, names, len))
			return true;
	}
	return false;
}

static bool is_event(const struct plan *plan, const char *name, size_t len)
{
	for (size_t i = 0; i < plan->event_count; i++) {
		if (same_name(plan->events[i].name, name, len))
			return true;
	}
	return false;
}

bool plan_select(struct plan *plan, const char *names)
{
	size_t len;

	for (const char *name = names; name; name = next_name(name, len)) {
		len = strcspn(name, ",");
		if (!is_event(plan, name, len))
			return false;
	}
	for (size_t i = 0; i < plan->event_count; i++)
		plan->events[i].selected = !names || in_list(plan->events[i].name, names);
	return true;
}
