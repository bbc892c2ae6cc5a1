// SPDX-License-Identifier: Apache-2.0
/* Facts as JSON: what status --json prints. Fields that are not known are left out. */
#include <stdio.h>

#include "facts.h"
#include "table.h"

/* A path may have bytes that are no text. */
static json_t *text(const char *string)
{
	char copy[PIN_PATH_MAX + sizeof(((struct client_error *)0)->text)];

	snprintf(copy, sizeof(copy), "%s", string);
	return json_string(ascii(copy));
}

/* jansson knows signed numbers only. */
static json_t *number(__u64 n)
{
	return json_integer((json_int_t)n);
}

static json_t *lost_json(const __u64 *lost, unsigned int causes)
{
	json_t *object = json_object();

	for (unsigned int cause = 0; cause < causes; cause++)
		json_object_set_new(object, facts_cause(cause), number(lost[cause]));
	return object;
}

static json_t *subscription_json(const struct facts_subscription *s)
{
	json_t *object = json_pack("{s:s}", "subscription", s->name);

	if (s->served) {
		json_t *holder = s->holder_pid ? json_pack("{s:i, s:I}", "pid", (int)s->holder_pid,
							   "uid", (json_int_t)s->holder_uid)
					       : json_null();

		json_object_set_new(object, "holder", holder);
		json_object_set_new(object, "rings", number(s->rings));
		json_object_set_new(object, "ring_bytes", number(s->ring_bytes));
		json_object_set_new(object, "fill_bytes", number(s->fill_bytes));
		json_object_set_new(object, "fullest_bytes", number(s->fullest_bytes));
	}
	if (s->positioned) {
		json_object_set_new(object, "delivered", number(s->delivered));
		json_object_set_new(object, "waiting", number(s->waiting));
		json_object_set_new(object, "lost", lost_json(s->lost, PULSAR_LOST_CAUSES));
	}
	return object;
}

json_t *facts_hooks(const struct facts_module *module)
{
	json_t *hooks = json_object_get(module->shown, "hooks");

	if (hooks)
		return json_incref(hooks);
	hooks = json_array();
	for (__u32 i = 0; module->described && i < module->meta.hooks; i++) {
		const struct pulsar_hook *hook = &module->meta.hook[i];

		json_array_append_new(hooks, json_pack("{s:o, s:o}", "hook", text(hook->name),
						       "variant", text(hook->variant)));
	}
	return hooks;
}

/* Only who may read all positions knows what was discarded. */
static unsigned int causes_known(const struct facts_module *m)
{
	for (unsigned int i = 0; i < m->subscriptions_count; i++)
		if (!m->subscriptions[i].positioned)
			return PULSAR_LOST_DISCARDED;
	return PULSAR_LOST_CAUSES;
}

static json_t *module_json(const struct facts_module *m)
{
	json_t *object = json_pack("{s:s, s:s, s:b}", "module", m->name, "state", facts_state(m),
				   "pinned", m->pinned);
	json_t *subscriptions = json_array();

	if (m->shown)
		json_object_update_missing(object, m->shown);
	else if (m->described)
		json_object_set_new(object, "generation", number(m->meta.generation));
	json_object_set_new(object, "hooks", facts_hooks(m));
	if (m->counted) {
		json_object_set_new(object, "produced", number(m->produced));
		json_object_set_new(object, "filtered", number(m->filtered));
		json_object_set_new(object, "lost", lost_json(m->lost, causes_known(m)));
	}
	for (unsigned int i = 0; i < m->subscriptions_count; i++)
		json_array_append_new(subscriptions, subscription_json(&m->subscriptions[i]));
	/* Not the number that loaderd gives. */
	json_object_set_new(object, "subscriptions", subscriptions);
	return object;
}

json_t *facts_subscriptions_json(const struct facts *facts)
{
	json_t *array = json_array();

	for (size_t i = 0; i < facts->count; i++) {
		const struct facts_module *m = &facts->modules[i];

		for (unsigned int s = 0; s < m->subscriptions_count; s++) {
			json_t *object = subscription_json(&m->subscriptions[s]);

			json_object_set_new(object, "module", json_string(m->name));
			json_array_append_new(array, object);
		}
	}
	return json_pack("{s:o}", "subscriptions", array);
}

json_t *facts_json(const struct facts *facts, const struct facts *before)
{
	json_t *modules = json_array();

	for (size_t i = 0; i < facts->count; i++) {
		const struct facts_module *m = &facts->modules[i];
		const struct facts_module *old = before ? facts_find(before, m->name) : NULL;
		double rate = facts_rate(m, facts->time_ns, old, old ? before->time_ns : 0);
		json_t *object = module_json(m);

		if (rate >= 0)
			json_object_set_new(object, "rate", json_real(rate));
		json_array_append_new(modules, object);
	}
	return json_pack("{s:O?, s:o, s:o, s:o}", "loaderd", facts->loaderd, "why",
			 facts->loaderd ? json_null() : text(facts->absent.text), "pin_root",
			 text(facts->pin_root), "modules", modules);
}
