// SPDX-License-Identifier: Apache-2.0
/* Tries selections of variants until one is attached, and pins that. */
#include "launch.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "describe.h"
#include "error.h"
#include "fit.h"
#include "identity.h"
#include "image.h"
#include "object.h"
#include "place.h"
#include "schema.h"
#include "settings.h"
#include "stream.h"
#include "types.h"

/* Each one parses the kernel's BTF for itself, some 20 MiB for a moment. */
#define LAUNCH_THREADS_MAX 8

/* The first time: what hooks there are, and what need not be tried. */
static int launch_read_hooks(struct launch *l, struct pin_error *error)
{
	const char *forced = identity_variant(l->site->config, l->object->name);
	int err;

	err = image_hooks(l->image, &l->hooks, error);
	if (err) {
		l->hooks.count = 0; /* not read, so they will be read again */
		return err;
	}
	if (*forced)
		hooks_force(&l->hooks, forced);
	image_rule_out(l->image, &l->hooks);
	return 0;
}

static int launch_own_settings(const struct launch *l, struct pin_error *error)
{
	const struct {
		const char *name;
		__u32 value;
	} own[] = {
		{ "pulsar_cpus", l->site->cpus },
		{ "pulsar_generation", l->generation },
		{ "pulsar_module_number", l->number },
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]) && !err; i++)
		err = settings_set_own(l->image->bpf, own[i].name, own[i].value, error);
	return err ? error_prefix(error, err, "%s", l->object->path) : 0;
}

/* Everything that can be done outside the kernel. */
static int launch_open(struct launch *l, struct pin_error *error)
{
	int err;

	l->image = image_open(l->object, error);
	if (!l->image)
		return -errno;
	err = fit_required(l->image, error);
	if (!err && !l->hooks.count)
		err = launch_read_hooks(l, error);
	if (!err)
		err = image_choose(l->image, &l->hooks, error);
	if (!err)
		err = image_settings(l->image, l->site->config, error);
	if (!err)
		err = launch_own_settings(l, error);
	return err;
}

int launch_prepare(struct launch *l, struct pin_error *error)
{
	int err;

	err = launch_open(l, error);
	if (err)
		goto out;
	err = schema_build(l->image->btf, l->object->name, l->generation, &l->schema, error);
	if (err)
		error_prefix(error, err, "%s", l->object->path);
	else
		err = fit_maps(l->image, l->site, l->schema.count, l->keep_maps, error);
out:
	if (err)
		launch_release(l);
	return err;
}

/* May run in a thread of its own: it touches nothing but its launch. */
static void launch_load(struct launch *l)
{
	l->load_err = image_load(l->image, &l->hooks, &l->load_error);
	l->loaded = true;
}

static int launch_describe(struct launch *l, struct pin_error *error)
{
	int err;

	types_learn_object(l->image->bpf);
	describe_meta(l->object->name, l->generation, l->site->cpus, &l->hooks, &l->meta);
	err = module_identity(l->module, l->site, l->image, l->number, l->meta.identity, error);
	return err ? err : describe_image(l->image, &l->schema, &l->meta, error);
}

static int launch_attach(struct launch *l, struct pin_error *error)
{
	int err;

	if (l->ready) {
		err = l->ready(l, error);
		if (err)
			return err;
	}
	err = image_attach(l->image, &l->hooks, error);
	if (!err)
		err = image_run_iterators(l->image, error);
	if (err && l->undo)
		l->undo(l);
	return err;
}

/* One selection of variants; -EAGAIN: one of them failed, and is marked. */
static int launch_try(struct launch *l, struct pin_error *error)
{
	int err;

	err = l->image ? 0 : launch_prepare(l, error);
	if (err)
		return err;
	if (!l->loaded)
		launch_load(l);
	err = l->load_err;
	if (err)
		*error = l->load_error;
	else
		err = launch_describe(l, error);
	return err ? err : launch_attach(l, error);
}

int launch_run(struct launch *l, struct pin_error *error)
{
	int err;

	/* Ends, because each -EAGAIN marks one more variant. */
	do {
		err = launch_try(l, error);
		if (err)
			launch_release(l);
	} while (err == -EAGAIN);
	return err;
}

void launch_release(struct launch *l)
{
	if (!l)
		return;
	image_free(l->image);
	l->image = NULL;
	schema_release(&l->schema);
	l->loaded = false;
}

/* ---- several at once ---- */

/* What the threads share. */
struct launch_queue {
	struct launch **launches;
	size_t count;
	atomic_size_t next;
};

static void *launch_work(void *arg)
{
	struct launch_queue *q = arg;
	size_t i;

	while ((i = atomic_fetch_add(&q->next, 1)) < q->count)
		launch_load(q->launches[i]);
	return NULL;
}

void launch_load_all(struct launch **launches, size_t count)
{
	struct launch_queue q = { .launches = launches, .count = count };
	pthread_t threads[LAUNCH_THREADS_MAX];
	size_t wanted = (size_t)sysconf(_SC_NPROCESSORS_ONLN), n = 0;

	if (wanted > count)
		wanted = count;
	if (wanted > LAUNCH_THREADS_MAX)
		wanted = LAUNCH_THREADS_MAX;
	/* This thread is one of them; if no other can be made, it does all of it. */
	while (n + 1 < wanted && !pthread_create(&threads[n], NULL, launch_work, &q))
		n++;
	launch_work(&q);
	while (n)
		pthread_join(threads[--n], NULL);
}

/* ---- pins ---- */

static int launch_stage_maps(const struct launch *l, struct pin_stage *stage,
			     struct pin_error *error)
{
	struct bpf_map *map;
	struct place place;
	int err = 0;

	bpf_object__for_each_map(map, l->image->bpf) {
		place_of(l->image, map, l->site->pins, &place);
		if (place.owner != PLACE_MODULE || bpf_map__fd(map) < 0)
			continue;
		err = pin_stage_map(stage, place.pin, bpf_map__fd(map), place.public, error);
		if (err)
			break;
	}
	return err;
}

static int launch_stage_links(const struct launch *l, struct pin_stage *stage,
			      struct pin_error *error)
{
	int err = 0;

	for (size_t i = 0; i < l->image->count && !err; i++)
		if (l->image->programs[i].link >= 0)
			err = pin_stage_link(stage, l->image->programs[i].name,
					     l->image->programs[i].link, error);
	return err;
}

/* One schema of before: it stays, for records that nobody has read yet. */
static int launch_stage_schema(const struct launch *l, struct pin_stage *stage, __u32 generation,
			       struct pin_error *error)
{
	const struct pin_map_expect expect = { .value_size = sizeof(struct pulsar_field) };
	char pin[sizeof(PULSAR_PIN_SCHEMA_OLD) + 10];
	int fd, err;

	snprintf(pin, sizeof(pin), PULSAR_PIN_SCHEMA_OLD "%u", generation);
	fd = pin_map_open(l->site->pins, l->object->name,
			  generation == l->module->meta.generation ? "schema" : pin, &expect,
			  error);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	err = pin_stage_map(stage, pin, fd, true, error);
	close(fd);
	return err;
}

static int launch_stage_schemas(const struct launch *l, struct pin_stage *stage,
				struct pin_error *error)
{
	int err = 0;

	for (__u32 back = 1; back <= PULSAR_SCHEMAS_OLD && back < l->generation && !err; back++)
		err = launch_stage_schema(l, stage, l->generation - back, error);
	return err;
}

/* What launch_stage_position() is told. */
struct launch_staging {
	const struct stream *stream;
	struct pin_stage *stage;
	struct pin_error *error;
};

static int launch_stage_position(const struct subscription_info *info, void *arg)
{
	struct launch_staging *s = arg;
	char pin[sizeof("subscriptions/") + PULSAR_SUBSCRIPTION_LEN];
	int fd = stream_position_fd(s->stream, info->name);

	if (fd < 0)
		return error_set(s->error, fd, "subscription '%s' has no position", info->name);
	snprintf(pin, sizeof(pin), "subscriptions/%s", info->name);
	return pin_stage_map(s->stage, pin, fd, false, s->error);
}

int launch_pin(struct launch *l, struct pin_error *error)
{
	struct launch_staging s = { .stream = l->module->stream, .error = error };
	int err;

	s.stage = pin_stage_new(l->site->pins, l->object->name, l->module->gid, error);
	if (!s.stage)
		return -errno;
	err = launch_stage_maps(l, s.stage, error);
	if (!err && l->keep_maps)
		err = launch_stage_schemas(l, s.stage, error);
	if (!err)
		err = launch_stage_links(l, s.stage, error);
	if (!err && s.stream)
		err = stream_each(s.stream, launch_stage_position, &s);
	if (!err)
		return pin_stage_commit(s.stage, error);
	pin_stage_free(s.stage);
	return err;
}
