// SPDX-License-Identifier: Apache-2.0
/* The table of places. */
#include "place.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image.h"
#include "object.h"
#include "schema_kind.h"

/* Maps that every module has (bpf/pulsar.bpf.h, bpf/core.bpf.h). */
static const struct {
	const char *name;
	struct place place;
} place_known[] = {
	{ "events", { PLACE_MODULE, "events", true, true } },
	{ "counters", { PLACE_MODULE, "counters", true, true } },
	/* These two describe one generation. */
	{ "schema", { PLACE_MODULE, "schema", true, false } },
	{ "meta", { PLACE_MODULE, "meta", true, false } },
	{ "control", { PLACE_MODULE, "maps/control", false, true } },
	{ "subscriptions", { PLACE_MODULE, "maps/subscriptions", false, true } },
	/* A new generation has its own, so that both have room while both are attached. */
	{ "scratch", { PLACE_NOWHERE, "", false, false } },
};

static bool place_is_tag(const char *tag)
{
	return !strcmp(tag, "pulsar:public") || !strcmp(tag, "pulsar:table");
}

/* Is there such a tag on the variable that defines the map? */
static bool place_public(const struct image *image, const char *name)
{
	int var = btf__find_by_name_kind(image->btf, name, BTF_KIND_VAR);
	const struct btf_type *t;

	for (__u32 id = 1; var > 0 && id < btf__type_cnt(image->btf); id++) {
		t = btf__type_by_id(image->btf, id);
		if (btf_is_decl_tag(t) && t->type == (__u32)var &&
		    place_is_tag(schema_name(image->btf, t)))
			return true;
	}
	return false;
}

/* Does core have it? Then it is taken from there, and from nowhere else. */
static bool place_in_core(const struct image *image, const char *name, const char *pin,
			  const struct pin_root *pins)
{
	int fd;

	if (!pins || strncmp(name, "core_", strlen("core_")) ||
	    !strcmp(image->object->name, "core"))
		return false;
	fd = pin_map_open(pins, "core", pin, NULL, NULL);
	if (fd >= 0)
		close(fd);
	/* Any other failure is told to whoever then opens it for use. */
	return fd != -ENOENT;
}

void place_of(const struct image *image, const struct bpf_map *map, const struct pin_root *pins,
	      struct place *place)
{
	const char *name = bpf_map__name(map);

	memset(place, 0, sizeof(*place));
	if (bpf_map__is_internal(map))
		return;
	for (size_t i = 0; i < sizeof(place_known) / sizeof(place_known[0]); i++) {
		if (!strcmp(name, place_known[i].name)) {
			*place = place_known[i].place;
			return;
		}
	}
	snprintf(place->pin, sizeof(place->pin), "maps/%s", name);
	place->owner = place_in_core(image, name, place->pin, pins) ? PLACE_CORE : PLACE_MODULE;
	place->public = place_public(image, name);
	place->keep = true;
}
