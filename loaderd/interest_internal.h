/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of interest.h share. Nobody else includes it. */
#ifndef LOADERD_INTEREST_INTERNAL_H
#define LOADERD_INTEREST_INTERNAL_H

#include <stdbool.h>

#include <pulsar/filter.h>

#include "interest.h"
#include "mirror.h"
#include "rules.h"

#define INTEREST_ITERATOR "filter__iter" /* bpf/core.bpf.c */

struct interest {
	struct rules rules[PULSAR_MODULES_MAX];
};

/* Core's maps. */
enum interest_map {
	MAP_FILTERS,
	MAP_IMAGES,
	MAP_PIDS,
	MAP_UIDS,
	MAP_CGROUPS,
	MAP_CGROUP_PATHS,
	MAP_PROCESSES,
	INTEREST_MAPS,
};

/* One change of the rules on its way. */
struct interest_change {
	int fds[INTEREST_MAPS];
	int iterator; /* of the link */
	struct mirror images;
	struct mirror pids;
	struct mirror uids;
	struct mirror cgroup_paths;
	struct mirror cgroup_ids; /* named by number */
	struct mirror cgroups;	  /* what is there of these two, and below it */
	struct pulsar_filters filters;
	bool narrow; /* masks: to these; else to these and what is there */
	struct pin_error *error;
};

/* ---- interest_build.c ---- */

/* Fills the entries and the masks from the rules of all modules: 0 or negative errno with *error. */
int change_build(struct interest_change *c, const struct interest *interest);
/* value |= mask, of a mirror whose values are masks: 0 or -ENOMEM. */
int change_add_mask(struct mirror *mirror, const void *key, __u64 mask);

/* ---- interest_write.c ---- */

/* Brings them into the kernel, and has all processes decided: 0 or negative errno with *error. */
int change_write(struct interest_change *c);

#endif
