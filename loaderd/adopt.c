// SPDX-License-Identifier: Apache-2.0
/* Takes over what is pinned. */
#include "adopt.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "error.h"
#include "image.h"
#include "place.h"
#include "slots.h"
#include "stream.h"
#include "types.h"

#define ADOPT_SUBSCRIPTION "default"

/* ---- meta ---- */

static bool adopt_meta_sound(const struct pulsar_meta *meta)
{
	if (!memchr(meta->module, '\0', sizeof(meta->module)) || meta->hooks > PULSAR_HOOKS_MAX)
		return false;
	for (__u32 i = 0; i < meta->hooks; i++)
		if (!memchr(meta->hook[i].name, '\0', sizeof(meta->hook[i].name)) ||
		    !memchr(meta->hook[i].variant, '\0', sizeof(meta->hook[i].variant)))
			return false;
	return true;
}

/* 0, or -EINVAL: there is no such map, or it is of something else. */
static int adopt_read_meta(struct module *m, const struct module_site *site,
			   struct pin_error *error)
{
	const struct pin_map_expect expect = {
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(__u32),
		.value_size = sizeof(struct pulsar_meta),
		.max_entries = 1,
	};
	struct pulsar_meta meta;
	__u32 zero = 0;
	int err = 0;
	int fd;

	fd = pin_map_open(site->pins, m->name, "meta", &expect, error);
	if (fd < 0)
		return -EINVAL;
	if (bpf_map_lookup_elem(fd, &zero, &meta) < 0)
		err = error_set(error, -EINVAL, "meta: %s", strerror(errno));
	close(fd);
	if (err)
		return err;
	if (!adopt_meta_sound(&meta) || strcmp(meta.module, m->name))
		return error_set(error, -EINVAL, "meta is not of this module");
	m->meta = meta;
	if (meta.abi != PULSAR_ABI)
		return error_set(error, -EINVAL, "it has ABI %u, this is %u", meta.abi, PULSAR_ABI);
	if (meta.cpus != site->cpus)
		return error_set(error, -EINVAL, "it is for %u CPUs, there are %u", meta.cpus,
				 site->cpus);
	return 0;
}

/* ---- the stream ---- */

/* What adopt_subscription() works on. */
struct adopt_stream {
	struct module *module;
	const struct module_site *site;
	struct pin_error *error;
};

static int adopt_subscription(const char *name, void *arg)
{
	struct adopt_stream *a = arg;
	char pin[sizeof("subscriptions/") + PULSAR_SUBSCRIPTION_LEN];
	int err, fd;

	snprintf(pin, sizeof(pin), "subscriptions/%s", name);
	fd = pin_map_open(a->site->pins, a->module->name, pin, NULL, a->error);
	if (fd < 0)
		return fd;
	err = stream_start(a->module->stream, name, fd, a->error);
	close(fd);
	return err;
}

/* The one subscription that a module always has, should somebody have removed its pin. */
static int adopt_default(struct adopt_stream *a)
{
	struct module *m = a->module;
	int err, fd;

	if (stream_position_fd(m->stream, ADOPT_SUBSCRIPTION) >= 0)
		return 0;
	err = stream_start(m->stream, ADOPT_SUBSCRIPTION, -1, a->error);
	if (err)
		return err;
	fd = stream_position_fd(m->stream, ADOPT_SUBSCRIPTION);
	return pin_subscription_add(a->site->pins, m->name, ADOPT_SUBSCRIPTION, fd, a->error);
}

static int adopt_subscriptions(struct adopt_stream *a)
{
	struct module *m = a->module;
	int err;

	err = pin_names_each(a->site->pins, m->name, "subscriptions", adopt_subscription, a,
			     a->error);
	if (!err)
		err = adopt_default(a);
	if (err)
		return err;
	err = stream_settle(m->stream);
	return err ? error_set(a->error, err, "settling the rings: %m") : 0;
}

static int adopt_open_maps(const struct module *m, const struct module_site *site,
			   struct stream_maps *maps, struct pin_error *error)
{
	const struct {
		const char *pin;
		int *fd;
	} wanted[] = {
		{ "events", &maps->events },
		{ "counters", &maps->counters },
		{ "maps/control", &maps->control },
		{ "maps/subscriptions", &maps->subscriptions },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		*wanted[i].fd = pin_map_open(site->pins, m->name, wanted[i].pin, NULL, error);
		if (*wanted[i].fd < 0)
			return *wanted[i].fd;
	}
	return 0;
}

static void adopt_close_maps(const struct stream_maps *maps)
{
	const int fds[] = { maps->events, maps->counters, maps->control, maps->subscriptions };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int adopt_stream(struct module *m, const struct module_site *site, struct pin_error *error)
{
	struct stream_maps maps = { -1, -1, -1, -1 };
	struct stream_options options = {
		.module = m->name,
		.cpus = site->cpus,
		.ring_bytes = m->ring_bytes,
		.subscriptions_max = site->config->subscriptions_max,
		.pins = site->pins,
	};
	struct adopt_stream a = { .module = m, .site = site, .error = error };
	int err;

	err = adopt_open_maps(m, site, &maps, error);
	if (err)
		goto out;
	m->stream = stream_new(&maps, &options, error);
	err = m->stream ? adopt_subscriptions(&a) : -errno;
	if (!err) {
		err = slots_adopted(&maps, &m->adoptions);
		if (err)
			error_set(error, err, "control: %m");
	}
	if (err) {
		stream_free(m->stream);
		m->stream = NULL;
	}
out:
	adopt_close_maps(&maps);
	return err;
}

/* ---- comparing ---- */

/* The variants that run are those that meta names; -EINVAL: these hooks are others. */
static int adopt_choose(struct module *m)
{
	for (unsigned int h = 0; h < m->hooks.count; h++) {
		struct hook *hook = &m->hooks.hook[h];
		const char *variant = NULL;

		for (__u32 i = 0; i < m->meta.hooks; i++)
			if (!strcmp(m->meta.hook[i].name, hook->name))
				variant = m->meta.hook[i].variant;
		hook->chosen = 0;
		while (variant && hook->chosen < hook->variants_count &&
		       strcmp(hook->variants[hook->chosen].name, variant))
			hook->chosen++;
		if (!variant || hook->chosen == hook->variants_count)
			return -EINVAL;
	}
	return 0;
}

/* Each program that should be attached must have its link; somebody may have removed one. */
static int adopt_check_links(const struct module *m, const struct module_site *site,
			     const struct image *image, struct pin_error *error)
{
	int fd;

	for (size_t i = 0; i < image->count; i++) {
		const struct image_program *p = &image->programs[i];

		if (!image_uses(p, &m->hooks) || image_absent(p))
			continue;
		fd = pin_link_open(site->pins, m->name, p->name, error);
		if (fd < 0)
			return fd;
		close(fd);
	}
	return 0;
}

/* So it is with maps: without its schema, say, no other reader could begin. */
static int adopt_check_maps(const struct module *m, const struct module_site *site,
			    const struct image *image, struct pin_error *error)
{
	struct bpf_map *map;
	struct place place;
	int fd;

	bpf_object__for_each_map(map, image->bpf) {
		place_of(image, map, site->pins, &place);
		if (place.owner != PLACE_MODULE)
			continue;
		fd = pin_map_open(site->pins, m->name, place.pin, NULL, error);
		if (fd < 0)
			return fd;
		close(fd);
	}
	return 0;
}

/* Which number was the module loaded with? It is part of the identity and of nothing else. */
static int adopt_find_number(struct module *m, const struct module_site *site,
			     const struct image *image, __u64 used, struct pin_error *error)
{
	__u8 identity[PULSAR_IDENTITY_LEN];
	int err;

	for (unsigned int n = 0; n < MODULE_NUMBERS; n++) {
		if (used & 1ull << n)
			continue;
		err = module_identity(m, site, image, n, identity, error);
		if (err)
			return err;
		if (!memcmp(identity, m->meta.identity, sizeof(identity))) {
			m->number = n;
			return ADOPT_SAME;
		}
	}
	error_set(error, 0, "another object or other settings");
	return ADOPT_OTHER;
}

int adopt_compare(struct module *module, const struct module_site *site,
		  const struct object *object, __u64 numbers_used, struct pin_error *error)
{
	struct image *image = image_open(object, error);
	int found;

	if (!image)
		return -errno;
	found = adopt_find_number(module, site, image, numbers_used, error);
	if (found == ADOPT_SAME &&
	    (adopt_choose(module) < 0 || adopt_check_links(module, site, image, error) < 0 ||
	     adopt_check_maps(module, site, image, error) < 0))
		found = ADOPT_OTHER;
	image_free(image);
	return found;
}

/* While it can be done: what the values of its maps look like, for upgrades to come. */
static int adopt_learn(const char *name, void *arg)
{
	const struct adopt_stream *a = arg;
	char pin[PIN_PATH_MAX];
	int fd;

	snprintf(pin, sizeof(pin), "maps/%s", name);
	fd = pin_map_open(a->site->pins, a->module->name, pin, NULL, NULL);
	if (fd < 0)
		return 0;
	types_learn_map(fd);
	close(fd);
	return 0;
}

int adopt_module(struct module *module, const struct module_site *site, const struct object *object,
		 __u64 numbers_used, struct pin_error *error)
{
	struct adopt_stream a = { .module = module, .site = site };
	int found;

	memset(&module->meta, 0, sizeof(module->meta));
	found = pin_module_verify(site->pins, module->name, error);
	if (found <= 0)
		return found < 0 ? found : ADOPT_NOTHING;
	if (adopt_read_meta(module, site, error) < 0)
		return ADOPT_UNUSABLE;
	/* Module core has no events, and nothing to take over but its pins. */
	if (strcmp(module->name, "core") && adopt_stream(module, site, error) < 0)
		return ADOPT_UNUSABLE;
	pin_names_each(site->pins, module->name, "maps", adopt_learn, &a, NULL);
	error_set(error, 0, "its object cannot be had");
	found = object ? adopt_compare(module, site, object, numbers_used, error) : ADOPT_OTHER;
	module->state = MODULE_RUNNING;
	module->adopted = true;
	module->made = false;
	/* What cannot be compared runs on all the same. */
	return found < 0 ? ADOPT_OTHER : found;
}
