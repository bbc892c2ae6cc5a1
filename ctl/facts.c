// SPDX-License-Identifier: Apache-2.0
/* What loaderd says, and what is asked of the facts. */
#include "facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pulsar/config.h>

#include "answer.h"
#include "table.h"

struct facts_module *facts_find(const struct facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->count; i++)
		if (!strcmp(facts->modules[i].name, name))
			return &facts->modules[i];
	return NULL;
}

struct facts_module *facts_module_add(struct facts *facts, const char *name)
{
	struct facts_module *m = facts_find(facts, name);

	if (m)
		return m;
	m = reallocarray(facts->modules, facts->count + 1, sizeof(*m));
	if (!m)
		return NULL;
	facts->modules = m;
	m += facts->count++;
	memset(m, 0, sizeof(*m));
	strcpy(m->name, name);
	return m;
}

struct facts_subscription *facts_subscription(struct facts_module *module, const char *name)
{
	for (unsigned int i = 0; i < module->subscriptions_count; i++)
		if (!strcmp(module->subscriptions[i].name, name))
			return &module->subscriptions[i];
	return NULL;
}

struct facts_subscription *facts_subscription_add(struct facts_module *module, const char *name)
{
	struct facts_subscription *s = facts_subscription(module, name);

	if (s)
		return s;
	if (module->subscriptions_count == PULSAR_SUBSCRIPTIONS_MAX)
		return NULL;
	s = &module->subscriptions[module->subscriptions_count++];
	strcpy(s->name, name);
	return s;
}

/* ---- loaderd ---- */

/* Names from loaderd are judged as everything from another process is. */
static const char *facts_name(const json_t *object, const char *key)
{
	const char *name = answer_text(object, key);

	return pin_name_valid(name) ? name : NULL;
}

static int facts_take_modules(struct facts *facts, const char *only)
{
	json_t *shown;
	size_t i;

	json_array_foreach(facts->modules_shown, i, shown) {
		const char *name = facts_name(shown, "module");
		struct facts_module *m;

		if (!name || (only && strcmp(name, only)))
			continue;
		m = facts_module_add(facts, name);
		if (!m)
			return -ENOMEM;
		m->shown = shown;
	}
	return 0;
}

static void facts_take_rings(struct facts_subscription *s, const json_t *rings)
{
	const json_t *ring;
	size_t i;

	json_array_foreach(rings, i, ring) {
		__u64 fill = answer_number(ring, "fill_bytes");

		s->rings++;
		s->fill_bytes += fill;
		if (fill > s->fullest_bytes)
			s->fullest_bytes = fill;
	}
}

static void facts_take_subscriptions(struct facts *facts, const json_t *array)
{
	const json_t *shown;
	size_t i;

	json_array_foreach(array, i, shown) {
		const char *module = facts_name(shown, "module");
		const char *name = facts_name(shown, "subscription");
		struct facts_module *m = module ? facts_find(facts, module) : NULL;
		struct facts_subscription *s = m && name ? facts_subscription_add(m, name) : NULL;

		if (!s || s->served)
			continue;
		s->served = true;
		s->holder_pid = (pid_t)answer_number(shown, "holder_pid");
		s->holder_uid = (uid_t)answer_number(shown, "holder_uid");
		s->ring_bytes = answer_number(shown, "ring_bytes");
		facts_take_rings(s, json_object_get(shown, "rings"));
	}
}

/* Subscriptions of all modules, or of one after the other: an answer for all may be too long. */
static void facts_ask_subscriptions(struct facts *facts, const struct ctl *ctl, const char *module)
{
	struct client_error error;
	json_t *answer;

	answer = client_request(ctl, client_module_request("subscriptions", module), &error);
	if (!answer && error.err == -EMSGSIZE && !module)
		for (size_t i = 0; i < facts->count; i++)
			facts_ask_subscriptions(facts, ctl, facts->modules[i].name);
	facts_take_subscriptions(facts, json_object_get(answer, "subscriptions"));
	json_decref(answer);
}

static int facts_ask(struct facts *facts, const struct ctl *ctl, const char *module)
{
	int err;

	facts->loaderd = client_modules(ctl, "status", &facts->absent);
	if (!facts->loaderd)
		return 0;
	facts->modules_shown = json_incref(json_object_get(facts->loaderd, "modules"));
	json_object_del(facts->loaderd, "modules");
	json_object_del(facts->loaderd, "ok");
	err = facts_take_modules(facts, module);
	if (!err && facts->count)
		facts_ask_subscriptions(facts, ctl, module);
	return err;
}

/* ---- all of it ---- */

static void facts_set_pin_root(struct facts *facts, const struct ctl *ctl)
{
	const char *root = ctl->pin_root;

	if (!root)
		root = json_string_value(json_object_get(facts->loaderd, "pin_root"));
	snprintf(facts->pin_root, sizeof(facts->pin_root), "%s", root ? root : PULSAR_PIN_ROOT);
}

static int facts_compare(const void *a, const void *b)
{
	const struct facts_module *left = a, *right = b;
	bool core = !strcmp(left->name, "core");

	if (core != !strcmp(right->name, "core"))
		return core ? -1 : 1;
	return strcmp(left->name, right->name);
}

int facts_gather(struct facts *facts, const struct ctl *ctl, const char *module)
{
	struct timespec now;
	int err;

	if (module && !pin_name_valid(module)) {
		ctl_fail("'%s' is not the name of a module", module);
		return -ENOENT;
	}
	err = facts_ask(facts, ctl, module);
	facts_set_pin_root(facts, ctl);
	clock_gettime(CLOCK_BOOTTIME, &now);
	facts->time_ns = (__u64)now.tv_sec * 1000000000u + (__u64)now.tv_nsec;
	if (!err)
		err = facts_read_pins(facts, module);
	if (err) {
		ctl_fail("%s", strerror(-err));
		return err;
	}
	ascii(facts->unseen.text);
	if (facts->count)
		qsort(facts->modules, facts->count, sizeof(*facts->modules), facts_compare);
	if (!module || facts->count)
		return 0;
	if (facts->unseen.text[0])
		ctl_fail("%s", facts->unseen.text);
	else
		ctl_fail("there is no module %s", module);
	return -ENOENT;
}

void facts_release(struct facts *facts)
{
	json_decref(facts->loaderd);
	json_decref(facts->modules_shown);
	free(facts->modules);
	memset(facts, 0, sizeof(*facts));
}

const char *facts_state(const struct facts_module *module)
{
	const char *state = json_string_value(json_object_get(module->shown, "state"));

	return state ? state : "pinned";
}

__u64 facts_lost(const __u64 lost[PULSAR_LOST_CAUSES])
{
	__u64 sum = 0;

	for (int cause = 0; cause < PULSAR_LOST_CAUSES; cause++)
		sum += lost[cause];
	return sum;
}

const char *facts_cause(enum pulsar_cause cause)
{
	static const char *const names[PULSAR_LOST_CAUSES] = {
		[PULSAR_LOST_RING_FULL] = "ring_full", [PULSAR_LOST_NO_RING] = "no_ring",
		[PULSAR_LOST_BUSY] = "busy",	       [PULSAR_LOST_OTHER] = "other",
		[PULSAR_LOST_DISCARDED] = "discarded",
	};

	return names[cause];
}

double facts_rate(const struct facts_module *now, __u64 now_ns, const struct facts_module *before,
		  __u64 before_ns)
{
	__u64 from = now->meta.loaded_ns, count = now->produced;

	if (!now->counted || (!before && !now->described))
		return -1;
	if (before) {
		/* Torn down and loaded anew in between: it counts from 0 again. */
		if (!before->counted || before->produced > now->produced)
			return -1;
		from = before_ns;
		count -= before->produced;
	}
	return now_ns > from ? (double)count * 1e9 / (double)(now_ns - from) : -1;
}

bool facts_blind(const struct facts *facts)
{
	return !facts->loaderd && !facts->count && facts->unseen.text[0];
}

void facts_note_absent(const struct facts *facts)
{
	if (!facts->loaderd)
		ctl_note("%s%s; the figures are those of the pins", facts->absent.text,
			 facts->absent.absent ? ": pulsar-loaderd does not run" : "");
	if (facts->unseen.text[0])
		ctl_note("%s", facts->unseen.text);
}
