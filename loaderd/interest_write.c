// SPDX-License-Identifier: Apache-2.0
/*
 * Entries into core's maps. The order of the steps is what keeps events from being dropped that
 * the old rules and the new ones let pass: what lets events pass is first widened to both, then
 * all processes are decided anew, then it is narrowed to the new ones. Whoever is killed in
 * between leaves `pending`, and the next one decides again.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups.h"
#include "error.h"
#include "grace.h"
#include "interest_internal.h"

/* A pass decides one generation of children at least, and few processes have as many ancestors. */
#define WRITE_PASSES  1000
#define WRITE_CGROUPS 65536 /* more are not taken to be there */

/* ---- rules that are looked up when a process is decided ---- */

static int change_fail(const struct interest_change *c, int err, const char *map)
{
	return error_set(c->error, err, "core/maps/%s: %m", map);
}

/* How many entries differed, or negative errno. */
static int change_sync(struct interest_change *c, const struct mirror *mirror,
		       enum interest_map map, const char *name)
{
	int written, removed;

	written = mirror_write(mirror, c->fds[map]);
	removed = written < 0 ? written : mirror_trim(mirror, c->fds[map]);
	return removed < 0 ? change_fail(c, removed, name) : written + removed;
}

/* ---- masks that are looked up when an event happens ---- */

/* Widening, to those that are there already. */
static int change_put_mask(const struct interest_change *c, enum interest_map map, const void *key,
			   __u64 mask)
{
	__u64 there = 0;

	if (!c->narrow && !bpf_map_lookup_elem(c->fds[map], key, &there))
		mask |= there;
	return bpf_map_update_elem(c->fds[map], key, &mask, BPF_ANY) < 0 ? -errno : 0;
}

static int change_masks(struct interest_change *c, const struct mirror *mirror,
			enum interest_map map, const char *name)
{
	int err = 0;

	for (size_t i = 0; i < mirror->count && !err; i++)
		err = change_put_mask(c, map, mirror->entries[i].key,
				      *(const __u64 *)mirror->entries[i].value);
	if (!err && c->narrow)
		err = mirror_trim(mirror, c->fds[map]);
	return err < 0 ? change_fail(c, err, name) : 0;
}

static int change_visit_cgroup(__u64 id, const char *path, __u64 *mask, void *arg)
{
	struct interest_change *c = arg;
	struct pulsar_filter_path key = { "" };
	const __u64 *more;
	int err;

	strncpy(key.path, path, sizeof(key.path) - 1);
	more = mirror_find(&c->cgroup_paths, &key);
	*mask |= more ? *more : 0;
	more = mirror_find(&c->cgroup_ids, &id);
	*mask |= more ? *more : 0;
	if (!*mask) {
		if (c->narrow)
			bpf_map_delete_elem(c->fds[MAP_CGROUPS], &id);
		return 0;
	}
	err = change_put_mask(c, MAP_CGROUPS, &id, *mask);
	return err ? err : change_add_mask(&c->cgroups, &id, *mask);
}

static int change_walk_cgroups(struct interest_change *c)
{
	char mount[PATH_MAX];
	int err;

	if (!c->cgroup_paths.count && !c->cgroup_ids.count)
		return 0;
	err = cgroups_mount(mount, sizeof(mount));
	if (err)
		return error_set(c->error, err, "the unified hierarchy of cgroups: %m");
	return cgroups_walk(mount, change_visit_cgroup, c, c->error);
}

/* The ids that are in the map, so that those which core adds meanwhile are not taken for old ones. */
static int change_known_cgroups(const struct interest_change *c, struct mirror *known)
{
	__u64 id, *previous = NULL, next;

	while (!bpf_map_get_next_key(c->fds[MAP_CGROUPS], previous, &next)) {
		if (known->count == WRITE_CGROUPS || change_add_mask(known, &next, 0) < 0)
			return -ENOMEM;
		id = next;
		previous = &id;
	}
	return 0;
}

/*
 * A cgroup that is made while this runs is entered by core if its path is named or its parent is
 * entered. The paths are in the kernel already; and the parent is entered before its
 * children are listed. So it is entered there or found here.
 */
static int change_cgroups(struct interest_change *c)
{
	struct mirror known = { .key_size = sizeof(__u64), .value_size = sizeof(__u64) };
	int err;

	mirror_release(&c->cgroups);
	err = change_known_cgroups(c, &known);
	if (err)
		error_set(c->error, err, "no memory");
	else
		err = change_walk_cgroups(c);
	for (size_t i = 0; i < known.count && c->narrow && !err; i++)
		if (!mirror_find(&c->cgroups, known.entries[i].key))
			bpf_map_delete_elem(c->fds[MAP_CGROUPS], known.entries[i].key);
	mirror_release(&known);
	return err;
}

static int change_all_masks(struct interest_change *c, bool narrow)
{
	int err;

	c->narrow = narrow;
	err = change_masks(c, &c->uids, MAP_UIDS, "core_filter_uids");
	if (!err)
		err = change_masks(c, &c->cgroup_paths, MAP_CGROUP_PATHS,
				   "core_filter_cgroup_paths");
	return err ? err : change_cgroups(c);
}

static int change_write_filters(struct interest_change *c, const struct pulsar_filters *filters)
{
	__u32 zero = 0;

	if (bpf_map_update_elem(c->fds[MAP_FILTERS], &zero, filters, BPF_ANY) < 0)
		return change_fail(c, -errno, "core_filters");
	return 0;
}

/* ---- the processes that run ---- */

/* One pass: how many processes it met that were not decided by these rules. */
static int change_pass(struct interest_change *c)
{
	char text[32] = "";
	size_t len = 0;
	ssize_t n;
	int fd;

	fd = bpf_iter_create(c->iterator);
	if (fd < 0)
		return -errno;
	do {
		n = read(fd, text + len, sizeof(text) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
	n = n < 0 ? -errno : 0;
	close(fd);
	text[len] = '\0';
	return n < 0 ? (int)n : atoi(text);
}

/* Until none is met. A fork that had begun before the rules changed is over after a grace period. */
static int change_decide(struct interest_change *c)
{
	int met = 0, err;

	for (int i = 0; i < WRITE_PASSES; i++) {
		met = change_pass(c);
		if (met < 0)
			return error_set(c->error, met, "core/links/" INTEREST_ITERATOR ": %m");
		if (!met)
			return 0;
		err = grace_wait();
		if (err)
			return error_set(c->error, err, "waiting for programs: %m");
	}
	return error_set(c->error, -EAGAIN, "%d processes are still decided by former rules", met);
}

int change_write(struct interest_change *c)
{
	struct pulsar_filters step;
	__u32 zero = 0;
	int images, pids;
	bool again;
	int err;

	if (bpf_map_lookup_elem(c->fds[MAP_FILTERS], &zero, &step) < 0)
		return change_fail(c, -errno, "core_filters");
	again = step.pending;
	step.pending = 1;
	step.targets &= c->filters.targets;
	step.uids |= c->filters.uids;
	step.cgroups |= c->filters.cgroups;
	err = change_write_filters(c, &step);
	if (!err)
		err = change_all_masks(c, false);
	if (err)
		return err;
	images = change_sync(c, &c->images, MAP_IMAGES, "core_filter_images");
	pids = images < 0 ? images : change_sync(c, &c->pids, MAP_PIDS, "core_filter_pids");
	if (pids < 0)
		return pids;
	step.images = c->filters.images;
	step.pids = c->filters.pids;
	step.generation += images || pids || again;
	err = change_write_filters(c, &step);
	/* Without a generation there never was a rule to decide by. */
	if (!err && step.generation)
		err = change_decide(c);
	if (!err)
		err = change_all_masks(c, true);
	c->filters.generation = step.generation;
	return err ? err : change_write_filters(c, &c->filters);
}
