// SPDX-License-Identifier: Apache-2.0
/*
 * What the pinned maps say: counters and meta to who may read the module, positions to
 * root. Positions are written by readers, so whatever is in one is possible.
 */
#include "facts.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* What is read into, and from where. */
struct pins {
	struct facts *facts;
	struct pin_root *root;
	unsigned int cpus;		   /* possible ones */
	struct pulsar_counters *counters;  /* by CPU, of the module at hand */
	struct pulsar_position *positions; /* by CPU, of the subscription at hand */
	struct facts_module *module;
};

/* What JSON can carry; a sum of claims stays there. */
static __u64 pins_add(__u64 a, __u64 b)
{
	return a > INT64_MAX - (b > INT64_MAX ? INT64_MAX : b) ? INT64_MAX : a + b;
}

static void pins_losses(const struct pulsar_losses *losses, __u64 by_cause[4])
{
	by_cause[PULSAR_LOST_RING_FULL] = losses->ring_full;
	by_cause[PULSAR_LOST_NO_RING] = losses->no_ring;
	by_cause[PULSAR_LOST_BUSY] = losses->busy;
	by_cause[PULSAR_LOST_OTHER] = losses->other;
}

/* ---- a subscription ---- */

static __u64 pins_beyond(__u64 now, __u64 base)
{
	return now > base ? now - base : 0;
}

static void position_add(struct facts_subscription *s, const struct pulsar_counters *c,
			 const struct pulsar_position *p, unsigned int slot)
{
	const struct pulsar_progress *progress = &p->copy[p->current & 1];
	__u64 discarded = progress->lost[PULSAR_LOST_DISCARDED];
	__u64 lost[4], base[4], settled;

	pins_losses(&c->lost[slot], lost);
	pins_losses(&p->base_lost, base);
	settled = pins_add(progress->delivered, discarded);
	s->delivered = pins_add(s->delivered, progress->delivered);
	s->lost[PULSAR_LOST_DISCARDED] = pins_add(s->lost[PULSAR_LOST_DISCARDED], discarded);
	for (int cause = 0; cause < 4; cause++) {
		__u64 n = pins_beyond(lost[cause], base[cause]);

		s->lost[cause] = pins_add(s->lost[cause], n);
		settled = pins_add(settled, n);
	}
	s->waiting =
		pins_add(s->waiting, pins_beyond(pins_beyond(c->produced, p->base_seq), settled));
}

void facts_read_subscription(struct facts_subscription *s, const struct pulsar_counters *counters,
			     const struct pulsar_position *positions, unsigned int cpus,
			     unsigned int slot)
{
	s->positioned = true;
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		position_add(s, &counters[cpu], &positions[cpu], slot);
}

/* The slot whose inner map is the one with this id, or negative errno. */
static int pins_slot(const struct pins *pins, __u32 position_id)
{
	int fd = pin_map_open(pins->root, pins->module->name, "maps/subscriptions", NULL, NULL);
	int found = fd < 0 ? fd : -ENOENT;
	__u32 id;

	for (__u32 slot = 0; fd >= 0 && slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		if (!bpf_map_lookup_elem(fd, &slot, &id) && id == position_id)
			found = (int)slot;
	if (fd >= 0)
		close(fd);
	return found;
}

static int pins_read_positions(const struct pins *pins, const char *name)
{
	const struct pin_map_expect expect = {
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(__u32),
		.value_size = sizeof(struct pulsar_position),
		.max_entries = pins->cpus,
	};
	char pin[sizeof("subscriptions/") + PULSAR_SUBSCRIPTION_LEN];
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int err = 0;
	int fd;

	snprintf(pin, sizeof(pin), "subscriptions/%s", name);
	fd = pin_map_open(pins->root, pins->module->name, pin, &expect, NULL);
	if (fd < 0)
		return fd;
	for (__u32 cpu = 0; cpu < pins->cpus && !err; cpu++)
		err = bpf_map_lookup_elem(fd, &cpu, &pins->positions[cpu]);
	if (!err)
		err = bpf_obj_get_info_by_fd(fd, &info, &len);
	if (!err)
		err = pins_slot(pins, info.id);
	close(fd);
	return err;
}

static int pins_visit_subscription(const char *name, void *arg)
{
	struct pins *pins = arg;
	struct facts_subscription *s = facts_subscription_add(pins->module, name);
	__u64 *discarded = &pins->module->lost[PULSAR_LOST_DISCARDED];
	int slot = s ? pins_read_positions(pins, name) : -E2BIG;

	if (slot < 0)
		return 0;
	facts_read_subscription(s, pins->counters, pins->positions, pins->cpus, (unsigned int)slot);
	*discarded = pins_add(*discarded, s->lost[PULSAR_LOST_DISCARDED]);
	return 0;
}

/* ---- a module ---- */

static void pins_read_meta(struct pins *pins)
{
	const struct pin_map_expect expect = {
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(__u32),
		.value_size = sizeof(struct pulsar_meta),
		.max_entries = 1,
	};
	struct facts_module *m = pins->module;
	struct pulsar_meta *meta = &m->meta;
	__u32 zero = 0;
	int fd;

	fd = pin_map_open(pins->root, m->name, "meta", &expect, NULL);
	if (fd < 0)
		return;
	m->described = !bpf_map_lookup_elem(fd, &zero, meta);
	close(fd);
	if (meta->hooks > PULSAR_HOOKS_MAX)
		meta->hooks = PULSAR_HOOKS_MAX;
	for (__u32 i = 0; i < meta->hooks; i++) {
		meta->hook[i].name[PULSAR_HOOK_LEN - 1] = '\0';
		meta->hook[i].variant[PULSAR_VARIANT_LEN - 1] = '\0';
	}
}

static void pins_sum_counters(struct facts_module *m, const struct pulsar_counters *counters,
			      unsigned int cpus)
{
	__u64 lost[4];

	m->counted = true;
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		m->produced = pins_add(m->produced, counters[cpu].produced);
		m->filtered = pins_add(m->filtered, counters[cpu].filtered);
		for (int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++) {
			pins_losses(&counters[cpu].lost[slot], lost);
			for (int cause = 0; cause < 4; cause++)
				m->lost[cause] = pins_add(m->lost[cause], lost[cause]);
		}
	}
}

static int pins_read_counters(struct pins *pins)
{
	const struct pin_map_expect expect = {
		.type = BPF_MAP_TYPE_PERCPU_ARRAY,
		.key_size = sizeof(__u32),
		.value_size = sizeof(struct pulsar_counters),
		.max_entries = 1,
	};
	__u32 zero = 0;
	int err;
	int fd;

	fd = pin_map_open(pins->root, pins->module->name, "counters", &expect, NULL);
	if (fd < 0)
		return fd;
	err = bpf_map_lookup_elem(fd, &zero, pins->counters);
	close(fd);
	if (!err)
		pins_sum_counters(pins->module, pins->counters, pins->cpus);
	return err;
}

static int pins_visit_module(const char *name, void *arg)
{
	struct pins *pins = arg;
	struct facts_module *m = facts_module_add(pins->facts, name);

	if (!m)
		return -ENOMEM;
	pins->module = m;
	m->pinned = true;
	pins_read_meta(pins);
	/* The counters first: what is produced meanwhile is not missing then. */
	if (!pins_read_counters(pins))
		pin_names_each(pins->root, name, "subscriptions", pins_visit_subscription, pins,
			       NULL);
	return 0;
}

/* ---- all of them ---- */

/* A module that is known by name; it need not be pinned. */
static int pins_visit_known(struct pins *pins, const char *name)
{
	struct pin_error error;
	int fd;

	fd = pin_map_open(pins->root, name, "meta", NULL, &error);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0) {
		pins->facts->unseen = error;
		return 0;
	}
	close(fd);
	return pins_visit_module(name, pins);
}

static int pins_visit_all(struct pins *pins)
{
	struct facts *facts = pins->facts;
	int err;

	err = pin_modules_each(pins->root, pins_visit_module, pins, &facts->unseen);
	if (err != -EACCES)
		return err == -ENOMEM ? err : 0;
	/* Only root can list them; but those that loaderd has named can be looked at by name. */
	if (facts->loaderd)
		facts->unseen.text[0] = '\0';
	for (size_t i = 0; i < facts->count; i++)
		pins_visit_known(pins, facts->modules[i].name);
	return 0;
}

int facts_read_pins(struct facts *facts, const char *module)
{
	struct pins pins = { .facts = facts };
	int err = 0;

	pins.root = pin_root_open(facts->pin_root, PIN_READ, 0, 0, NULL, &facts->unseen);
	if (!pins.root) {
		/* With no module loaded there need not be a root. */
		if (errno == ENOENT && facts->loaderd)
			facts->unseen.text[0] = '\0';
		return 0;
	}
	facts->unseen.text[0] = '\0';
	err = libbpf_num_possible_cpus();
	pins.cpus = err > 0 ? (unsigned int)err : 0;
	if (pins.cpus) {
		pins.counters = calloc(pins.cpus, sizeof(*pins.counters));
		pins.positions = calloc(pins.cpus, sizeof(*pins.positions));
	}
	if (!pins.cpus)
		err = -ENOTSUP;
	else if (!pins.counters || !pins.positions)
		err = -ENOMEM;
	else
		err = module ? pins_visit_known(&pins, module) : pins_visit_all(&pins);
	free(pins.counters);
	free(pins.positions);
	pin_root_free(pins.root);
	return err;
}
