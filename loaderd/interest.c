// SPDX-License-Identifier: Apache-2.0
/*
 * From rules to core's maps. The order of the steps is what keeps events from being
 * dropped by mistake: first the maps, then the decisions, and last the masks by
 * which an undecided process is not of interest.
 */
#include "interest.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/membarrier.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <pulsar/filter.h>

#include "cgroups.h"
#include "error.h"
#include "mirror.h"
#include "rules.h"
#include "value.h"

#define INTEREST_ITERATOR "filter__iter" /* bpf/core.bpf.c */
/* A pass decides one generation of children at least, and few processes have as many ancestors. */
#define INTEREST_PASSES	  1000

struct interest {
	struct rules rules[PULSAR_MODULES_MAX];
};

struct interest *interest_new(void)
{
	return calloc(1, sizeof(struct interest));
}

void interest_free(struct interest *interest)
{
	if (!interest)
		return;
	for (size_t i = 0; i < PULSAR_MODULES_MAX; i++)
		rules_release(&interest->rules[i]);
	free(interest);
}

int interest_set(struct interest *interest, unsigned int number, const struct rules *rules)
{
	struct rules copy = { 0 };
	int err;

	if (rules) {
		err = rules_copy(&copy, rules);
		if (err)
			return err;
	}
	rules_release(&interest->rules[number]);
	interest->rules[number] = copy;
	return 0;
}

const struct rules *interest_rules(const struct interest *interest, unsigned int number)
{
	return &interest->rules[number];
}

/* ---- core's maps ---- */

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

static const struct {
	const char *pin;
	struct pin_map_expect expect;
} interest_maps[INTEREST_MAPS] = {
	[MAP_FILTERS] = { "maps/core_filters",
			  { BPF_MAP_TYPE_ARRAY, 4, sizeof(struct pulsar_filters), 1 } },
	[MAP_IMAGES] = { "maps/core_filter_images",
			 { BPF_MAP_TYPE_HASH, sizeof(struct pulsar_filter_path),
			   sizeof(struct pulsar_filter_image), 0 } },
	[MAP_PIDS] = { "maps/core_filter_pids",
		       { BPF_MAP_TYPE_HASH, 4, sizeof(struct pulsar_filter_pid), 0 } },
	[MAP_UIDS] = { "maps/core_filter_uids", { BPF_MAP_TYPE_HASH, 4, 8, 0 } },
	[MAP_CGROUPS] = { "maps/core_filter_cgroups", { BPF_MAP_TYPE_HASH, 8, 8, 0 } },
	[MAP_CGROUP_PATHS] = { "maps/core_filter_cgroup_paths",
			       { BPF_MAP_TYPE_HASH, sizeof(struct pulsar_filter_path), 8, 0 } },
	[MAP_PROCESSES] = { "maps/core_processes",
			    { BPF_MAP_TYPE_HASH, 4, sizeof(struct pulsar_process), 0 } },
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
	struct pin_error *error;
};

static void change_release(struct interest_change *c)
{
	for (int i = 0; i < INTEREST_MAPS; i++)
		if (c->fds[i] >= 0)
			close(c->fds[i]);
	if (c->iterator >= 0)
		close(c->iterator);
	mirror_release(&c->images);
	mirror_release(&c->pids);
	mirror_release(&c->uids);
	mirror_release(&c->cgroup_paths);
	mirror_release(&c->cgroup_ids);
	mirror_release(&c->cgroups);
}

static int change_open(struct interest_change *c, const struct pin_root *pins)
{
	for (int i = 0; i < INTEREST_MAPS; i++) {
		c->fds[i] = pin_map_open(pins, "core", interest_maps[i].pin,
					 &interest_maps[i].expect, c->error);
		if (c->fds[i] < 0)
			return c->fds[i];
	}
	c->iterator = pin_link_open(pins, "core", INTEREST_ITERATOR, c->error);
	return c->iterator < 0 ? c->iterator : 0;
}

/* ---- from items to entries ---- */

static int change_add_mask(struct mirror *mirror, const void *key, __u64 mask)
{
	__u64 *value = mirror_at(mirror, key);

	if (!value)
		return -ENOMEM;
	*value |= mask;
	return 0;
}

static int change_add_image(struct interest_change *c, enum rule_kind kind, const char *item,
			    __u64 mask)
{
	struct pulsar_filter_path key = { "" };
	struct pulsar_filter_image *value;

	strncpy(key.path, item, sizeof(key.path) - 1);
	value = mirror_at(&c->images, &key);
	if (!value)
		return -ENOMEM;
	if (kind == RULE_TARGETS)
		value->targets |= mask;
	else if (kind == RULE_TARGETS_CHILDREN)
		value->targets_children |= mask;
	else if (kind == RULE_WHITELIST)
		value->whitelist |= mask;
	else
		value->whitelist_children |= mask;
	return 0;
}

/* The rule is about the process that has the number now, not about one that gets it later. */
static int change_add_pid(struct interest_change *c, enum rule_kind kind, const char *item,
			  __u64 mask)
{
	struct pulsar_process process;
	struct pulsar_filter_pid *value;
	uint64_t n = 0;
	__u32 pid;

	value_unsigned(item, &n);
	pid = (__u32)n;
	if (bpf_map_lookup_elem(c->fds[MAP_PROCESSES], &pid, &process) < 0) {
		error_set(c->error, -ESRCH, "there is no process %u for a rule to name", pid);
		return 0;
	}
	value = mirror_at(&c->pids, &pid);
	if (!value)
		return -ENOMEM;
	value->start_time_ns = process.start_time_ns;
	if (kind == RULE_PID_TARGETS)
		value->targets |= mask;
	else
		value->targets_children |= mask;
	return 0;
}

static int change_add_uid(struct interest_change *c, const char *item, __u64 mask)
{
	uint64_t n = 0;
	__u32 uid;

	value_unsigned(item, &n);
	uid = (__u32)n;
	c->filters.uids |= mask;
	return change_add_mask(&c->uids, &uid, mask);
}

static int change_add_cgroup(struct interest_change *c, const char *item, __u64 mask)
{
	struct pulsar_filter_path key = { "" };
	size_t len = strlen(item);
	uint64_t id = 0;

	c->filters.cgroups |= mask;
	if (*item != '/') {
		value_unsigned(item, &id);
		return change_add_mask(&c->cgroup_ids, &id, mask);
	}
	while (len > 1 && item[len - 1] == '/')
		len--;
	memcpy(key.path, item, len);
	return change_add_mask(&c->cgroup_paths, &key, mask);
}

static int change_add(struct interest_change *c, enum rule_kind kind, const char *item, __u64 mask)
{
	switch (kind) {
	case RULE_UID_TARGETS:
		return change_add_uid(c, item, mask);
	case RULE_CGROUP_TARGETS:
		return change_add_cgroup(c, item, mask);
	case RULE_PID_TARGETS:
	case RULE_PID_TARGETS_CHILDREN:
		return change_add_pid(c, kind, item, mask);
	default:
		return change_add_image(c, kind, item, mask);
	}
}

static int change_build(struct interest_change *c, const struct interest *interest)
{
	int err = 0;

	for (unsigned int n = 0; n < PULSAR_MODULES_MAX && !err; n++) {
		const struct rules *rules = &interest->rules[n];
		__u64 mask = 1ull << n;

		if (rules_targeted(rules))
			c->filters.targets |= mask;
		for (int kind = 0; kind < RULE_KINDS && !err; kind++)
			for (size_t i = 0; i < rules->lists[kind].count && !err; i++)
				err = change_add(c, (enum rule_kind)kind,
						 rules->lists[kind].items[i], mask);
	}
	c->filters.images = (__u32)c->images.count;
	c->filters.pids = (__u32)c->pids.count;
	return err ? error_set(c->error, err, "no memory") : 0;
}

/* ---- into the kernel ---- */

/* How many entries differed, or negative errno. */
static int change_sync(struct interest_change *c, const struct mirror *mirror,
		       enum interest_map map)
{
	int written, removed;

	written = mirror_write(mirror, c->fds[map]);
	removed = written < 0 ? written : mirror_trim(mirror, c->fds[map]);
	if (removed < 0)
		return error_set(c->error, removed, "core/%s: %m", interest_maps[map].pin);
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

	for (int i = 0; i < INTEREST_PASSES; i++) {
		met = change_pass(c);
		if (met < 0)
			return error_set(c->error, met, "core/links/" INTEREST_ITERATOR ": %m");
		if (!met)
			return 0;
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	}
	return error_set(c->error, -EAGAIN, "%d processes are still decided by former rules", met);
}

static int change_apply(struct interest_change *c)
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

int interest_apply(struct interest *interest, const struct pin_root *pins, struct pin_error *error)
{
	struct interest_change c = {
		.iterator = -1,
		.images = { sizeof(struct pulsar_filter_path), sizeof(struct pulsar_filter_image),
			    NULL, 0 },
		.pids = { sizeof(__u32), sizeof(struct pulsar_filter_pid), NULL, 0 },
		.uids = { sizeof(__u32), sizeof(__u64), NULL, 0 },
		.cgroup_paths = { sizeof(struct pulsar_filter_path), sizeof(__u64), NULL, 0 },
		.cgroup_ids = { sizeof(__u64), sizeof(__u64), NULL, 0 },
		.cgroups = { sizeof(__u64), sizeof(__u64), NULL, 0 },
		.error = error,
	};
	int err;

	error->text[0] = '\0';
	for (int i = 0; i < INTEREST_MAPS; i++)
		c.fds[i] = -1;
	err = change_open(&c, pins);
	if (!err)
		err = change_build(&c, interest);
	if (!err)
		err = change_apply(&c);
	change_release(&c);
	return err;
}
