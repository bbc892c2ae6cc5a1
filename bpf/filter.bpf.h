/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Filters: whether a module wants to hear of a process. Decided on exec, read
 * from the process table when an event happens, before anything is copied.
 * The rules are those of include/pulsar/filter.h.
 *
 * uid_targets and cgroup_targets are looked up when the event happens: a process
 * changes its uid at any time, and on a kernel without fentry the change
 * is seen late. That costs one lookup, in the modules that have such targets.
 */
#ifndef PULSAR_FILTER_BPF_H
#define PULSAR_FILTER_BPF_H

#include "core.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pulsar_filters);
} core_filters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u64);
} core_filter_uids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u64);
} core_filter_cgroups SEC(".maps");

static __always_inline struct pulsar_filters *filters_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&core_filters, &zero);
}

/* The rules that are looked at when the event happens. */
static __always_inline bool filter_default(__u64 bit, __u32 uid, __u64 cgroup_id)
{
	struct pulsar_filters *f = filters_get();
	__u64 *mask;

	if (!f || !(f->targets & bit))
		return true;
	if (f->uids & bit) {
		mask = bpf_map_lookup_elem(&core_filter_uids, &uid);
		if (mask && (*mask & bit))
			return true;
	}
	if (f->cgroups & bit) {
		mask = bpf_map_lookup_elem(&core_filter_cgroups, &cgroup_id);
		if (mask && (*mask & bit))
			return true;
	}
	return false;
}

/* Does this module want events of the process? One without an entry (p NULL) is of interest. */
static __always_inline bool filter_wants(const struct pulsar_process *p, __u32 uid, __u64 cgroup_id)
{
	__u64 bit = 1ull << (pulsar_module_number & (PULSAR_MODULES_MAX - 1));

	if (!p)
		return true;
	if (p->filters.known & bit)
		return p->filters.wanted & bit;
	return filter_default(bit, uid, cgroup_id);
}

#endif
