// SPDX-License-Identifier: Apache-2.0
/* Modules, subscriptions and kinds as JSON, by jansson. */
#include "control_show.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kind.h"
#include "module.h"
#include "rules.h"
#include "stream.h"

/* All that is shown is shorter. */
#define SHOW_TEXT_MAX 1024

static const char *const show_states[] = {
	[MODULE_STOPPED] = "stopped",
	[MODULE_RUNNING] = "running",
	[MODULE_FAILED] = "failed",
};

json_t *show_text(const char *text)
{
	char ascii[SHOW_TEXT_MAX];
	size_t n;

	for (n = 0; text[n] && n < sizeof(ascii) - 1; n++)
		ascii[n] = (char)(text[n] >= ' ' && text[n] <= '~' ? text[n] : '?');
	return json_stringn(ascii, n);
}

/* All variants, best first. */
static json_t *show_variants(const struct hook *hook)
{
	json_t *array = json_array();

	for (unsigned int v = 0; v < hook->variants_count; v++)
		json_array_append_new(array, json_string(hook->variants[v].name));
	return array;
}

/* Variants that were not taken, with the reason. */
static json_t *show_refused(const struct hook *hook)
{
	json_t *array = json_array();

	for (unsigned int v = 0; v < hook->variants_count; v++) {
		const struct hook_variant *variant = &hook->variants[v];

		if (variant->failed)
			json_array_append_new(array,
					      json_pack("{s:s, s:o}", "variant", variant->name,
							"reason", show_text(variant->reason)));
	}
	return array;
}

/* What is attached, which an upgrade that failed has not changed; NULL: nothing. */
static const char *show_variant(const struct module *m, const struct hook *hook)
{
	for (__u32 i = 0; m->state == MODULE_RUNNING && i < m->meta.hooks; i++)
		if (!strcmp(m->meta.hook[i].name, hook->name))
			return m->meta.hook[i].variant;
	return NULL;
}

static json_t *show_hooks(const struct module *m)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < m->hooks.count; i++) {
		const struct hook *hook = &m->hooks.hook[i];

		json_array_append_new(array, json_pack("{s:s, s:s?, s:o, s:o}", "hook", hook->name,
						       "variant", show_variant(m, hook), "variants",
						       show_variants(hook), "refused",
						       show_refused(hook)));
	}
	return array;
}

static json_t *show_identity(const __u8 *identity)
{
	char hex[2 * PULSAR_IDENTITY_LEN + 1];

	for (size_t i = 0; i < PULSAR_IDENTITY_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", identity[i]);
	return json_string(hex);
}

static int show_count(const struct subscription_info *info, void *arg)
{
	json_int_t *count = arg;

	(void)info;
	++*count;
	return 0;
}

json_t *show_module(const struct module *m)
{
	json_int_t subscriptions = 0;

	if (m->stream)
		stream_each(m->stream, show_count, &subscriptions);
	return json_pack(
		"{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "module",
		m->name, "state", show_states[m->state], "adopted", m->adopted, "adoptions",
		(json_int_t)m->adoptions, "generation", (json_int_t)m->meta.generation, "loaded_ns",
		(json_int_t)m->meta.loaded_ns, "number", (json_int_t)m->number, "gid",
		(json_int_t)m->gid, "events", (json_int_t)m->events, "subscriptions", subscriptions,
		"identity", show_identity(m->meta.identity), "error",
		m->error.text[0] ? show_text(m->error.text) : json_null(), "hooks", show_hooks(m));
}

/* ---- subscriptions ---- */

/* What show_subscription() appends to. */
struct show_into {
	const struct module *module;
	json_t *array;
};

static json_t *show_rings(const struct subscription_info *info)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < info->rings; i++)
		json_array_append_new(array, json_pack("{s:I, s:I}", "cpu",
						       (json_int_t)info->ring[i].cpu, "fill_bytes",
						       (json_int_t)info->ring[i].fill_bytes));
	return array;
}

static int show_subscription(const struct subscription_info *info, void *arg)
{
	struct show_into *into = arg;
	json_t *shown;

	shown = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "module", into->module->name,
			  "subscription", info->name, "slot", (json_int_t)info->slot, "holder_pid",
			  (json_int_t)info->holder_pid, "holder_uid", (json_int_t)info->holder_uid,
			  "ring_bytes", (json_int_t)info->ring_bytes, "rings", show_rings(info));
	return json_array_append_new(into->array, shown) < 0 ? -ENOMEM : 0;
}

int show_subscriptions(const struct module *module, json_t *array)
{
	struct show_into into = { .module = module, .array = array };

	return module->stream ? stream_each(module->stream, show_subscription, &into) : 0;
}

json_t *show_filter(const struct module *module, const struct rules *rules)
{
	return json_pack("{s:s, s:i, s:o}", "module", module->name, "number", (int)module->number,
			 "rules", rules_to_json(rules));
}

json_t *show_kinds(void)
{
	json_t *array = json_array();
	const char *reason;

	for (int k = 0; k < KINDS; k++) {
		bool available = kind_available(k, &reason);

		json_array_append_new(array,
				      json_pack("{s:s, s:b, s:o}", "kind", kind_name(k),
						"available", available, "reason",
						available ? json_null() : show_text(reason)));
	}
	kind_trim();
	return array;
}
