/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity of what is loaded: as long as it is the same, a new loaderd takes
 * over what is pinned, and attaches nothing.
 */
#ifndef LOADERD_IDENTITY_H
#define LOADERD_IDENTITY_H

#include <sys/types.h>

#include <linux/types.h>

#include <pulsar/schema.h>

struct config;
struct object;

/* Ids of maps of module core that other modules use, at most. */
#define IDENTITY_CORE_MAPS_MAX 16

/* All that the pinned programs and maps depend on. */
struct identity_of {
	const struct object *object;
	const struct config *config; /* the module's settings and forced variant */
	__u32 cpus;
	__u32 number; /* the module's bit in the filters */
	gid_t gid;
	__u32 core_maps[IDENTITY_CORE_MAPS_MAX]; /* ids of core's maps that it reads, 0: none */
};

/** identity_make() - hashes it: XXH3, 128 bits. Returns 0 or -ENOMEM. */
int identity_make(const struct identity_of *of, __u8 identity[PULSAR_IDENTITY_LEN]);

/** identity_variant() - which variant is forced on a module; "": none. */
const char *identity_variant(const struct config *config, const char *module);

#endif
