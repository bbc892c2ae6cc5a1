/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Filters, the part that decides: for one process, from what it inherits and
 * the image it runs, for all modules at once. For programs that keep the process
 * table.
 */
#ifndef PULSAR_DECIDE_BPF_H
#define PULSAR_DECIDE_BPF_H

#include "filter.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct pulsar_filter_path);
	__type(value, struct pulsar_filter_image);
} core_filter_images SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct pulsar_filter_pid);
} core_filter_pids SEC(".maps");

/* What a decision is made of, and what comes out. */
struct filter_decision {
	struct pulsar_interest filters;
	struct pulsar_interest heritage;
};

static __always_inline void interest_set(struct pulsar_interest *i, __u64 no, __u64 yes)
{
	i->known |= no | yes;
	i->wanted = (i->wanted & ~no) | yes;
}

/* By the image; one that was cut is no path that a rule could name. */
static __always_inline void decide_image(struct filter_decision *d, const struct pulsar_filters *f,
					 const struct pulsar_process *p)
{
	struct pulsar_filter_image *rule;

	if (!f->images || !p->image_len || p->image_len < p->image_full)
		return;
	rule = bpf_map_lookup_elem(&core_filter_images, p->image);
	if (!rule)
		return;
	interest_set(&d->filters, rule->whitelist | rule->whitelist_children,
		     rule->targets | rule->targets_children);
	interest_set(&d->heritage, rule->whitelist_children, rule->targets_children);
}

static __always_inline void decide_pid(struct filter_decision *d, const struct pulsar_filters *f,
				       const struct pulsar_process *p, __u32 tgid)
{
	struct pulsar_filter_pid *rule;

	if (!f->pids)
		return;
	rule = bpf_map_lookup_elem(&core_filter_pids, &tgid);
	if (!rule || rule->start_time_ns != p->start_time_ns)
		return;
	interest_set(&d->filters, 0, rule->targets | rule->targets_children);
	interest_set(&d->heritage, 0, rule->targets_children);
}

/*
 * Decides for process `tgid`, which begins with d->heritage. `by_image` is false for
 * one that has not executed since its fork: it runs its parent's image, but not
 * by its own decision.
 */
static __always_inline void filter_decide(struct filter_decision *d, const struct pulsar_process *p,
					  __u32 tgid, bool by_image)
{
	struct pulsar_filters *f = filters_get();

	d->filters = d->heritage;
	if (!f)
		return;
	if (by_image)
		decide_image(d, f, p);
	decide_pid(d, f, p, tgid);
}

#endif
