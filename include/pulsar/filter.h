/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The rules of filters, and the state of module core: its pinned maps that
 * loaderd and programs share. Masks have bit m for module number m, as
 * meta.number says.
 *
 * For one process and one module, the first of these that says something holds:
 *
 *   pid_targets	  the process, as long as it lives
 *   targets		  by the image it runs
 *   whitelist		  by the image it runs
 *   inherited		  what a rule with _children said of an ancestor
 *   uid_targets, cgroup_targets	  looked at when the event happens
 *   otherwise		  of interest, unless the module has targets of any kind
 *
 * All but the last two are decided on exec (and, for what is inherited, on
 * fork), and kept in pulsar_process.filters.
 */
#ifndef PULSAR_FILTER_H
#define PULSAR_FILTER_H

#include "event.h"

#define PULSAR_MODULES_MAX 64 /* bits of a mask */

/* A key: what a rule names. */
struct pulsar_filter_path {
	char path[PULSAR_IMAGE_LEN]; /* absolute, padded with NUL */
};

/* Map `core_filter_images`: HASH by image, struct pulsar_filter_path. */
struct pulsar_filter_image {
	__u64 targets;
	__u64 targets_children;
	__u64 whitelist;
	__u64 whitelist_children;
};

/* Map `core_filter_pids`: HASH by tgid. */
struct pulsar_filter_pid {
	__u64 start_time_ns; /* of the process that was meant: its number may come again */
	__u64 targets;
	__u64 targets_children;
};

/*
 * HASHes whose value is the mask of modules that want it, __u64:
 *   core_filter_uids	       by uid, __u32
 *   core_filter_cgroups       by id on the unified hierarchy, __u64: the cgroups
 *			       that were named, and those below them
 *   core_filter_cgroup_paths  by path from the root of that hierarchy: only those
 *			       that were named
 * loaderd enters the cgroups that exist; core those that are made later.
 */

/* Map `core_filters`: ARRAY with one entry, written by loaderd. */
struct pulsar_filters {
	__u32 generation; /* of the rules; entries of the process table with another are stale */
	__u32 images;	  /* entries of core_filter_images */
	__u32 pids;	  /* entries of core_filter_pids */
	__u32 pending;	  /* a change is under way, or was cut off */
	__u64 targets;	  /* modules with a target of any kind */
	__u64 uids;	  /* modules with uid_targets */
	__u64 cgroups;	  /* modules with cgroup_targets */
};

/* Map `core_state`: ARRAY with one entry, written by programs. */
struct pulsar_core_state {
	__u64 refused;	  /* processes without an entry because the table was full */
	__u64 refused_ns; /* when the last of them was refused, CLOCK_BOOTTIME */
	__u64 missed;	  /* processes without an entry for another reason: no memory */
	__u32 pass;	  /* passes of the task iterator so far: see pulsar_process.seen */
	__u32 stale;	  /* processes that the last pass of filter__iter met undecided */
	__u64 swept;	  /* entries of processes that were gone */
};

_Static_assert(sizeof(struct pulsar_filter_image) == 32, "ABI");
_Static_assert(sizeof(struct pulsar_filter_pid) == 24, "ABI");
_Static_assert(sizeof(struct pulsar_filters) == 40, "ABI");
_Static_assert(sizeof(struct pulsar_core_state) == 40, "ABI");

#endif
