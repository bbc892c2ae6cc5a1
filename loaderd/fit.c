// SPDX-License-Identifier: Apache-2.0
/* Sizes of maps, and maps that are there already. */
#include "fit.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <pulsar/event.h>

#include "error.h"
#include "image.h"
#include "layout.h"
#include "module.h"
#include "object.h"
#include "place.h"
#include "settings.h"

/* Without events there are no rings, no subscriptions and nothing to decode. */
static const char *const fit_names[] = { "events",  "counters",	     "schema",
					 "control", "subscriptions", "meta" };
#define FIT_NAMES (sizeof(fit_names) / sizeof(fit_names[0]))

static bool fit_is_core(const struct image *image)
{
	return !strcmp(image->object->name, "core");
}

int fit_required(const struct image *image, struct pin_error *error)
{
	/* Of these, core has the last one only. */
	for (size_t i = fit_is_core(image) ? FIT_NAMES - 1 : 0; i < FIT_NAMES; i++)
		if (!image_map(image, fit_names[i]))
			return error_set(error, -EINVAL,
					 "%s: has no map '%s': not an object for Pulsar",
					 image->object->path, fit_names[i]);
	return 0;
}

/* ---- sizes ---- */

static int fit_size(struct bpf_map *map, unsigned int entries)
{
	return map ? bpf_map__set_max_entries(map, entries) : 0;
}

/*
 * What a position map looks like, for the map that holds them. By a descriptor,
 * because libbpf 1.1 crashes when an inner definition is given another size.
 */
static int fit_positions(struct image *image, unsigned int cpus)
{
	struct bpf_map *subscriptions = image_map(image, "subscriptions");
	const struct bpf_map *inner;
	LIBBPF_OPTS(bpf_map_create_opts, opts);

	if (!subscriptions)
		return 0;
	inner = bpf_map__inner_map(subscriptions);
	if (!inner || bpf_map__value_size(inner) != sizeof(struct pulsar_position))
		return -EINVAL;
	opts.map_flags = bpf_map__map_flags(inner);
	image->inner = bpf_map_create(bpf_map__type(inner), "positions", bpf_map__key_size(inner),
				      bpf_map__value_size(inner), cpus, &opts);
	if (image->inner < 0)
		return -errno;
	return bpf_map__set_inner_map_fd(subscriptions, image->inner);
}

/*
 * A variable NAME_max says how many entries map NAME has, so that it can be set in the
 * configuration; of core's maps NAME is without core_.
 */
static int fit_sizes_set(struct image *image)
{
	char variable[BPF_OBJ_NAME_LEN * 4];
	struct bpf_map *map;
	const char *name;
	__u32 entries;
	int err = 0;

	bpf_object__for_each_map(map, image->bpf) {
		name = bpf_map__name(map);
		if (!strncmp(name, "core_", strlen("core_")))
			name += strlen("core_");
		snprintf(variable, sizeof(variable), "%s_max", name);
		if (!err && !settings_number(image->bpf, variable, &entries))
			err = bpf_map__set_max_entries(map, entries);
	}
	return err;
}

static int fit_sizes(struct image *image, unsigned int cpus, size_t fields, struct pin_error *error)
{
	struct bpf_map *scratch = image_map(image, "scratch");
	int err;

	err = fit_size(image_map(image, "events"), PULSAR_EVENTS_ENTRIES(cpus));
	if (!err)
		err = fit_size(image_map(image, "schema"), (unsigned int)fields);
	/* The definition says how many one CPU needs (bpf/record.bpf.h, bpf/core.bpf.c). */
	if (!err && scratch)
		err = fit_size(scratch, bpf_map__max_entries(scratch) * cpus);
	if (!err)
		err = fit_positions(image, cpus);
	if (!err)
		err = fit_sizes_set(image);
	if (err)
		return error_set(error, err, "%s: setting the sizes of maps: %m",
				 image->object->path);
	return 0;
}

/* ---- maps that are there ---- */

static int fit_reuse(const struct image *image, struct bpf_map *map, int fd,
		     struct pin_error *error)
{
	int err = bpf_map__reuse_fd(map, fd);

	if (err)
		return error_set(error, err, "%s: taking over map '%s': %m", image->object->path,
				 bpf_map__name(map));
	return 0;
}

/* Its size is core's setting, so the module cannot know it. */
static int fit_size_like(struct bpf_map *map, int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	return bpf_map__set_max_entries(map, info.max_entries);
}

static int fit_take_core(const struct image *image, struct bpf_map *map, const struct place *place,
			 const struct module_site *site, struct pin_error *error)
{
	int err, fd;

	fd = pin_map_open(site->pins, "core", place->pin, NULL, error);
	if (fd < 0)
		return fd;
	err = fit_size_like(map, fd);
	if (err)
		error_set(error, err, "core/%s: %m", place->pin);
	else if (layout_map_equal(map, image->btf, fd))
		err = fit_reuse(image, map, fd, error);
	else
		err = error_set(error, -EINVAL, "%s: map '%s' is not the one of module core",
				image->object->path, bpf_map__name(map));
	close(fd);
	return err;
}

/* The maps that rings and positions hang on must go over; of its own a module may have new ones. */
static bool fit_must(const char *name)
{
	for (size_t i = 0; i < FIT_NAMES - 1; i++)
		if (!strcmp(name, fit_names[i]))
			return true;
	return false;
}

static int fit_take_own(const struct image *image, struct bpf_map *map, const struct place *place,
			const struct module_site *site, struct pin_error *error)
{
	int err = 0;
	int fd;

	fd = pin_map_open(site->pins, image->object->name, place->pin, NULL, error);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	if (layout_map_equal(map, image->btf, fd))
		err = fit_reuse(image, map, fd, error);
	else if (fit_must(bpf_map__name(map)))
		err = error_set(error, -EINVAL, "%s: map '%s' is not what it was",
				image->object->path, bpf_map__name(map));
	close(fd);
	return err;
}

int fit_maps(struct image *image, const struct module_site *site, size_t fields, bool keep,
	     struct pin_error *error)
{
	struct bpf_map *map;
	struct place place;
	int err;

	err = fit_sizes(image, site->cpus, fields, error);
	if (err)
		return err;
	bpf_object__for_each_map(map, image->bpf) {
		place_of(image, map, site->pins, &place);
		if (place.owner == PLACE_CORE)
			err = fit_take_core(image, map, &place, site, error);
		else if (place.owner == PLACE_MODULE && place.keep && keep)
			err = fit_take_own(image, map, &place, site, error);
		if (err)
			return err;
	}
	return 0;
}
