// SPDX-License-Identifier: Apache-2.0
/* From rules to entries of core's maps. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "error.h"
#include "interest_internal.h"
#include "value.h"

int change_add_mask(struct mirror *mirror, const void *key, __u64 mask)
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

int change_build(struct interest_change *c, const struct interest *interest)
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
