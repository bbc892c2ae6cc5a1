/* SPDX-License-Identifier: Apache-2.0 */
/* Where each map of an object is pinned, who may read it, and what an upgrade keeps. */
#ifndef LOADERD_PLACE_H
#define LOADERD_PLACE_H

#include <stdbool.h>

#include "pin.h"

struct bpf_map;
struct image;
struct pin_root;

enum place_owner {
	PLACE_NOWHERE, /* not pinned: scratch memory, .rodata and the like */
	PLACE_MODULE,  /* pinned below the module */
	PLACE_CORE,    /* a map of module core that this one reads: pinned there */
};

struct place {
	enum place_owner owner;
	char pin[PIN_PATH_MAX]; /* "events", "maps/NAME": below the owner */
	bool public;		/* its group may read it */
	bool keep;		/* goes over to the next generation if that has an equal map */
};

/**
 * place_of() - the place of a map.
 * @pins: where module core is pinned, if it is; NULL: nowhere.
 *
 * `events` and the like have theirs by name. Any other one is the module's own: it
 * is private unless it is tagged "pulsar:public" or "pulsar:table". A map whose
 * name begins with core_ is module core's, or the module's own if core does not
 * have it.
 */
void place_of(const struct image *image, const struct bpf_map *map, const struct pin_root *pins,
	      struct place *place);

#endif
