/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all subscriptions of a stream share: the module's maps, checked, and the CPUs.
 */
#ifndef LOADERD_STREAM_BASE_H
#define LOADERD_STREAM_BASE_H

#include <stdbool.h>
#include <stddef.h>

#include "cpus.h"
#include "stream.h"

struct pulsar_counters;

struct stream_base {
	struct stream_maps maps; /* descriptors of its own */
	__u32 events_id;
	struct cpus possible;
	unsigned int cpus; /* cpus_end(&possible) */
	size_t ring_bytes;
	bool idle;			  /* no program runs yet */
	struct pulsar_counters *counters; /* room for counters_read() */
};

/* A base that stream_base_release() takes. */
#define STREAM_BASE_NONE                   \
	{                                  \
		.maps = { -1, -1, -1, -1 } \
	}

/**
 * stream_base_init() - check maps and options of a stream, and keep what they say
 * @base: STREAM_BASE_NONE; stream_base_release() it in any case
 * @maps: duplicated
 * @error: says what was wrong
 *
 * Return: 0; -EINVAL a map or an option is not what it must be; another negative errno.
 */
int stream_base_init(struct stream_base *base, const struct stream_maps *maps,
		     const struct stream_options *options, struct pin_error *error);

void stream_base_release(struct stream_base *base);

#endif
