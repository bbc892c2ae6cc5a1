/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The begin of a record: whether the module wants it, and who did it. Part of pulsar.bpf.h.
 */
#ifndef PULSAR_HEADER_BPF_H
#define PULSAR_HEADER_BPF_H

#include "filter.bpf.h"
#include "record.bpf.h"

/* False: an excluded process, or one that a filter of this module drops (and counts). */
static __always_inline bool pulsar_wanted(__u32 tgid, const struct pulsar_process *p, __u32 uid,
					  __u64 cgroup_id)
{
	struct pulsar_counters *c;

	if (bpf_map_lookup_elem(&core_excluded, &tgid))
		return false;
	if (filter_wants(p, uid, cgroup_id))
		return true;
	c = pulsar_counters();
	if (c)
		__sync_fetch_and_add(&c->filtered, 1);
	return false;
}

/* Why a process that started at `start_time_ns` has no entry in the process table. */
static __always_inline __u16 pulsar_unknown(__u64 start_time_ns)
{
	struct pulsar_core_state *state = core_state_get();

	if (state && state->refused && start_time_ns <= state->refused_ns)
		return PULSAR_NO_IMAGE | PULSAR_TABLE_FULL;
	return PULSAR_NO_IMAGE;
}

/* Plain loads and stores for what most images fit into: a call of a helper costs as much as ten of them. */
#define PULSAR_IMAGE_SHORT 64

static __always_inline void pulsar_copy_words(void *to, const void *from, __u32 bytes)
{
	for (__u32 i = 0; i < bytes / 8; i++)
		((__u64 *)to)[i] = ((const __u64 *)from)[i];
}

static __always_inline void pulsar_header_container(struct pulsar_event *e,
						    const struct pulsar_process *p, void *to)
{
	__u16 len = *(volatile __u16 *)&p->container_len;

	if (!len)
		return;
	pulsar_copy_words(to, p->container_id, PULSAR_CONTAINER_LEN);
	/* It is 0 while the process is moved from one container to another. */
	if (!*(volatile __u16 *)&p->container_len)
		return;
	e->container_id.offset = e->size;
	e->container_id.len = PULSAR_CONTAINER_LEN;
	e->container_id.full = PULSAR_CONTAINER_LEN;
	e->size += PULSAR_CONTAINER_LEN;
}

/*
 * What the process table knows of the process: image and container, behind the event's
 * struct of `size` bytes. The image is copied in a fixed length where that is cheaper: the
 * entry is padded with zeros, and what follows overwrites them.
 */
static __always_inline void pulsar_header_process(struct pulsar_event *e, __u32 size,
						  struct pulsar_process *p)
{
	__u32 len = p->image_len & (PULSAR_IMAGE_LEN - 1);
	void *to = (void *)e + size;

	if (!len)
		e->flags |= PULSAR_NO_IMAGE;
	pulsar_copy_words(to, p->image, PULSAR_IMAGE_SHORT);
	if (len > PULSAR_IMAGE_SHORT)
		bpf_probe_read_kernel(to + PULSAR_IMAGE_SHORT,
				      (len - PULSAR_IMAGE_SHORT) & (PULSAR_IMAGE_LEN - 1),
				      p->image + PULSAR_IMAGE_SHORT);
	e->image.offset = size;
	e->image.len = len;
	e->image.full = p->image_full;
	e->size = size + len;
	pulsar_header_container(e, p, to + len);
}

/* Where the zeros come from that are too many for the compiler to write one by one. */
static const __u8 pulsar_zeros[8192];

static __always_inline void pulsar_zero(void *at, __u32 size)
{
	if (__builtin_constant_p(size) && size <= 512)
		__builtin_memset(at, 0, size);
	else
		bpf_probe_read_kernel(at, size, pulsar_zeros);
}

static __always_inline struct pulsar_event *pulsar_begin_record(__u32 size, __u16 type)
{
	struct pulsar_scratch *s = pulsar_scratch_claim();
	struct pulsar_event *e;

	if (!s) {
		pulsar_count_busy();
		return NULL;
	}
	e = (struct pulsar_event *)s->record;
	pulsar_zero(e, size);
	e->size = size;
	e->type = type;
	e->generation = pulsar_generation;
	return e;
}

/*
 * An event of the process that runs. NULL: filtered, or lost and counted. The ids come from the
 * task by plain loads, which cost a tenth of the helpers for them.
 */
static __always_inline struct pulsar_event *pulsar_begin_current(__u32 size, __u16 type)
{
	struct task_struct *task = pulsar_task();
	__u64 cgroup_id = task->cgroups->dfl_cgrp->kn->id;
	__u32 uid = task->cred->uid.val;
	__u32 tgid = task->tgid;
	struct pulsar_process *p = bpf_map_lookup_elem(&core_processes, &tgid);
	struct pulsar_event *e;

	if (!pulsar_wanted(tgid, p, uid, cgroup_id))
		return NULL;
	e = pulsar_begin_record(size, type);
	if (!e)
		return NULL;
	e->tgid = tgid;
	e->tid = task->pid;
	e->uid = uid;
	e->gid = task->cred->gid.val;
	e->ppid = task->real_parent->tgid;
	e->start_time_ns = task->group_leader->start_boottime;
	e->cgroup_id = cgroup_id;
	pulsar_copy_words(e->comm, __builtin_preserve_access_index(&task->comm), sizeof(e->comm));
	/* Nobody else rewrites the entry: an exec of this process is over, or has not begun. */
	if (p)
		pulsar_header_process(e, size, p);
	else
		e->flags |= pulsar_unknown(e->start_time_ns);
	return e;
}

/* The header of another process than the one that runs; false: the entry changed meanwhile. */
static __always_inline bool pulsar_header_other(struct pulsar_event *e, __u32 size, __u32 tgid,
						struct pulsar_process *p)
{
	__u32 version = *(volatile __u32 *)&p->version;

	e->ppid = p->ppid;
	e->uid = p->uid;
	e->gid = p->gid;
	e->cgroup_id = p->cgroup_id;
	e->start_time_ns = p->start_time_ns;
	__builtin_memcpy(e->comm, p->comm, sizeof(e->comm));
	pulsar_header_process(e, size, p);
	/* It may run an exec on another CPU; or end, and the memory serve for another process. */
	return !(version & PULSAR_PROCESS_WRITERS) && *(volatile __u32 *)&p->version == version &&
	       bpf_map_lookup_elem(&core_processes, &tgid) == p;
}

/* What was copied may be a mixture: nothing is known but the tgid. */
static __always_inline void pulsar_header_forget(struct pulsar_event *e, __u32 size)
{
	e->size = size;
	e->flags |= PULSAR_NO_IMAGE;
	e->start_time_ns = 0;
	e->cgroup_id = 0;
	e->ppid = 0;
	e->uid = 0;
	e->gid = 0;
	__builtin_memset(e->comm, 0, sizeof(e->comm));
	__builtin_memset(&e->image, 0, sizeof(e->image));
	__builtin_memset(&e->container_id, 0, sizeof(e->container_id));
}

/*
 * An event of another process than the one that runs, as far as the process
 * table knows it: for what happens in softirq or on behalf of somebody. tgid
 * 0: of no process.
 */
static __always_inline struct pulsar_event *pulsar_begin_other(__u32 size, __u16 type, __u32 tgid)
{
	/* Nobody has tgid 0. Looked up all the same: with a second way to NULL the compiler keeps it apart from p. */
	struct pulsar_process *p = bpf_map_lookup_elem(&core_processes, &tgid);
	struct pulsar_event *e;

	if (!pulsar_wanted(tgid, p, p ? p->uid : 0, p ? p->cgroup_id : 0))
		return NULL;
	e = pulsar_begin_record(size, type);
	if (!e)
		return NULL;
	e->tgid = tgid;
	e->tid = tgid;
	if (!tgid)
		e->flags |= PULSAR_NO_PROCESS | PULSAR_NO_IMAGE;
	else if (!p)
		e->flags |= pulsar_unknown(0);
	else if (!pulsar_header_other(e, size, tgid, p))
		pulsar_header_forget(e, size);
	return e;
}

#define pulsar_begin_for(type, tgid) \
	((type *)pulsar_begin_other(sizeof(type), bpf_core_type_id_local(type), tgid))

#define pulsar_begin(type) \
	((type *)pulsar_begin_current(sizeof(type), bpf_core_type_id_local(type)))

#endif
