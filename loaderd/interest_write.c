// SPDX-License-Identifier: Apache-2.0
/*
 * Entries into core's maps. The order of the steps is what keeps events from being
 * dropped by mistake: first the maps, then the decisions, and last the masks by
 * which an undecided process is not of interest.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroups.h"
#include "error.h"
#include "interest_internal.h"

/* A pass decides one generation of children at least, and few processes have as many ancestors. */
#define WRITE_PASSES 1000

/* ---- maps ---- */

static const char *const map_names[INTEREST_MAPS] = {
	[MAP_IMAGES] = "core_filter_images",
	[MAP_PIDS] = "core_filter_pids",
	[MAP_UIDS] = "core_filter_uids",
	[MAP_CGROUP_PATHS] = "core_filter_cgroup_paths",
};

/* How many entries differed, or negative errno. */
static int change_sync(struct interest_change *c, const struct mirror *mirror,
		       enum interest_map map)
{
	int written, removed;

	written = mirror_write(mirror, c->fds[map]);
	removed = written < 0 ? written : mirror_trim(mirror, c->fds[map]);
	if (removed < 0)
		return error_set(c->error, removed, "%s: %m", map_names[map]);
	return written + removed;
}

static int change_visit_cgroup(__u64 id, const char *path, __u64 *mask, void *arg)
{
	struct interest_change *c = arg;
	struct pulsar_filter_path key = { "" };
	const __u64 *more;

	strncpy(key.path, path, sizeof(key.path) - 1);
	more = mirror_find(&c->cgroup_paths, &key);
	*mask |= more ? *more : 0;
	more = mirror_find(&c->cgroup_ids, &id);
	*mask |= more ? *more : 0;
	if (!*mask) {
		bpf_map_delete_elem(c->fds[MAP_CGROUPS], &id);
		return 0;
	}
	if (bpf_map_update_elem(c->fds[MAP_CGROUPS], &id, mask, BPF_ANY) < 0)
		return -errno;
	return change_add_mask(&c->cgroups, &id, *mask);
}

/* The ids that are in the map, so that those which core adds meanwhile are not taken for old ones. */
static int change_known_cgroups(struct interest_change *c, struct mirror *known)
{
	__u64 id, *previous = NULL, next;

	while (!bpf_map_get_next_key(c->fds[MAP_CGROUPS], previous, &next)) {
		if (known->count == 65536 || change_add_mask(known, &next, 0) < 0)
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
static int change_sync_cgroups(struct interest_change *c)
{
	struct mirror known = { .key_size = sizeof(__u64), .value_size = sizeof(__u64) };
	char mount[PATH_MAX];
	int err;

	err = change_known_cgroups(c, &known);
	if (!err && (c->cgroup_paths.count || c->cgroup_ids.count)) {
		err = cgroups_mount(mount, sizeof(mount));
		if (err)
			error_set(c->error, err, "the unified hierarchy of cgroups: %m");
		else
			err = cgroups_walk(mount, change_visit_cgroup, c, c->error);
	}
	for (size_t i = 0; i < known.count && !err; i++)
		if (!mirror_find(&c->cgroups, known.entries[i].key))
			bpf_map_delete_elem(c->fds[MAP_CGROUPS], known.entries[i].key);
	mirror_release(&known);
	return err;
}

static int change_write_filters(struct interest_change *c, const struct pulsar_filters *filters)
{
	__u32 zero = 0;

	if (bpf_map_update_elem(c->fds[MAP_FILTERS], &zero, filters, BPF_ANY) < 0)
		return error_set(c->error, -errno, "core/maps/core_filters: %m");
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
	int met = 0;

	for (int i = 0; i < WRITE_PASSES; i++) {
		met = change_pass(c);
		if (met < 0)
			return error_set(c->error, met, "core/links/" INTEREST_ITERATOR ": %m");
		if (!met)
			return 0;
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	}
	return error_set(c->error, -EAGAIN, "%d processes are still decided by former rules", met);
}

int change_write(struct interest_change *c)
{
	struct pulsar_filters step;
	__u32 zero = 0;
	int images, pids, uids, paths;
	int err;

	if (bpf_map_lookup_elem(c->fds[MAP_FILTERS], &zero, &step) < 0)
		return error_set(c->error, -errno, "core/maps/core_filters: %m");
	/* Who is to have no targets has none from now on; who is to have some, not yet. */
	step.targets &= c->filters.targets;
	step.cgroups |= c->filters.cgroups;
	err = change_write_filters(c, &step);
	if (err)
		return err;
	images = change_sync(c, &c->images, MAP_IMAGES);
	pids = images < 0 ? images : change_sync(c, &c->pids, MAP_PIDS);
	uids = pids < 0 ? pids : change_sync(c, &c->uids, MAP_UIDS);
	paths = uids < 0 ? uids : change_sync(c, &c->cgroup_paths, MAP_CGROUP_PATHS);
	err = paths < 0 ? paths : change_sync_cgroups(c);
	if (err)
		return err;
	step.images = c->filters.images;
	step.pids = c->filters.pids;
	if (images || pids)
		step.generation++;
	err = change_write_filters(c, &step);
	/* Without a generation there never was a rule to decide by. */
	if (!err && step.generation)
		err = change_decide(c);
	if (err)
		return err;
	c->filters.generation = step.generation;
	return change_write_filters(c, &c->filters);
}
