// SPDX-License-Identifier: Apache-2.0
/* One module: loaded afresh, removed, judged. */
#include "module.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "error.h"
#include "fit.h"
#include "identity.h"
#include "image.h"
#include "launch.h"
#include "object.h"
#include "place.h"
#include "schema.h"
#include "stream.h"

#define MODULE_SUBSCRIPTION "default"

struct module *module_new(const char *name)
{
	struct module *module = calloc(1, sizeof(*module));

	if (module)
		strncpy(module->name, name, sizeof(module->name) - 1);
	return module;
}

void module_free(struct module *module)
{
	if (!module)
		return;
	stream_free(module->stream);
	free(module);
}

/* ---- identity ---- */

static int module_core_map(const struct module_site *site, const struct place *place, __u32 *id,
			   struct pin_error *error)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	int err = 0;
	int fd;

	fd = pin_map_open(site->pins, "core", place->pin, NULL, error);
	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		err = error_set(error, -errno, "core/%s: %m", place->pin);
	*id = info.id;
	close(fd);
	return err;
}

int module_identity(const struct module *module, const struct module_site *site,
		    const struct image *image, unsigned int number,
		    __u8 identity[PULSAR_IDENTITY_LEN], struct pin_error *error)
{
	struct identity_of of = {
		.object = image->object,
		.config = site->config,
		.cpus = site->cpus,
		.number = number,
		.gid = module->gid,
	};
	struct bpf_map *map;
	struct place place;
	size_t n = 0;
	int err = 0;

	bpf_object__for_each_map(map, image->bpf) {
		place_of(image, map, site->pins, &place);
		if (place.owner != PLACE_CORE)
			continue;
		if (n == IDENTITY_CORE_MAPS_MAX)
			return error_set(error, -E2BIG, "%s: more than %d maps of core's",
					 image->object->path, IDENTITY_CORE_MAPS_MAX);
		err = module_core_map(site, &place, &of.core_maps[n++], error);
		if (err)
			return err;
	}
	err = identity_make(&of, identity);
	return err ? error_set(error, err, "no memory") : 0;
}

/* ---- judging ---- */

static int module_check_image(struct module *module, const struct config *config,
			      struct image *image, struct pin_error *error)
{
	struct schema schema = { 0 };
	int err;

	memset(&module->hooks, 0, sizeof(module->hooks));
	err = fit_required(image, error);
	if (!err)
		err = image_hooks(image, &module->hooks, error);
	if (!err)
		err = image_settings(image, config, error);
	if (err)
		return err;
	err = schema_build(image->btf, module->name, 1, &schema, error);
	if (err)
		return error_prefix(error, err, "%s", image->object->path);
	module->events = schema.events;
	if (!schema.events && strcmp(module->name, "core"))
		err = error_set(error, -EINVAL, "%s: no struct begins with a struct pulsar_event",
				image->object->path);
	schema_release(&schema);
	return err;
}

int module_check(struct module *module, const struct config *config, const struct object *object,
		 struct pin_error *error)
{
	struct image *image = image_open(object, error);
	int err;

	if (!image)
		return -errno;
	err = module_check_image(module, config, image, error);
	image_free(image);
	return err;
}

/* ---- loading ---- */

/* The rings, before the programs: from its first event on nothing is lost. */
static int module_open_rings(struct launch *l, struct pin_error *error)
{
	struct module *m = l->module;
	struct stream_maps maps = {
		.events = image_map_fd(l->image, "events"),
		.counters = image_map_fd(l->image, "counters"),
		.control = image_map_fd(l->image, "control"),
		.subscriptions = image_map_fd(l->image, "subscriptions"),
	};
	struct stream_options options = {
		.module = m->name,
		.cpus = l->site->cpus,
		.ring_bytes = m->ring_bytes,
		.subscriptions_max = l->site->config->subscriptions_max,
		.pins = l->site->pins,
		.idle = true,
	};
	int err;

	if (maps.events < 0)
		return 0; /* core */
	m->stream = stream_new(&maps, &options, error);
	if (!m->stream)
		return -errno;
	err = stream_start(m->stream, MODULE_SUBSCRIPTION, -1, error);
	if (!err) {
		err = stream_settle(m->stream);
		if (err)
			error_set(error, err, "%s: settling the rings: %m", m->name);
	}
	if (err) {
		stream_free(m->stream);
		m->stream = NULL;
	}
	return err;
}

static void module_close_rings(struct launch *l)
{
	stream_free(l->module->stream);
	l->module->stream = NULL;
}

int module_load(struct module *module, struct launch *launch, struct pin_error *error)
{
	int err;

	launch->ready = module_open_rings;
	launch->undo = module_close_rings;
	err = launch_run(launch, error);
	module->hooks = launch->hooks;
	if (err)
		return err;
	err = launch_pin(launch, error);
	if (err < 0) {
		module_close_rings(launch);
		return err;
	}
	module->meta = launch->meta;
	module->number = launch->number;
	module->events = launch->schema.events;
	module->state = MODULE_RUNNING;
	module->adopted = false;
	return err;
}

int module_remove(struct module *module, const struct module_site *site, struct pin_error *error)
{
	int err;

	/* First the programs: without rings they would count losses. */
	err = pin_module_remove(site->pins, module->name, error);
	if (err < 0)
		return err;
	stream_free(module->stream);
	module->stream = NULL;
	module->state = MODULE_STOPPED;
	module->made = false;
	module->adopted = false;
	return 0;
}
