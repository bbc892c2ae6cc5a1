/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A record from begin to submit: scratch memory, header, values of variable
 * length, output to each subscription. Part of pulsar.bpf.h.
 */
#ifndef PULSAR_RECORD_BPF_H
#define PULSAR_RECORD_BPF_H

#include "filter.bpf.h"
#include "walk.bpf.h"

/*
 * The longest record of the module in bytes; a module with longer ones defines
 * it before the include. The kernel's limit for a sample is 64 KiB less its
 * own headers (struct perf_event_header.size is a __u16).
 */
#ifndef PULSAR_RECORD_MAX
#define PULSAR_RECORD_MAX 16384
#endif
_Static_assert(PULSAR_RECORD_MAX <= 65000, "longer than a perf sample can be");

#define PULSAR_ENOSPC 28
#define PULSAR_ENOENT 2
#define PULSAR_EBUSY  16
#define PULSAR_E2BIG  7

/*
 * Scratch buffers of one CPU. A counter of the nesting depth would not do: a
 * program in task context can be preempted in the middle by another task's
 * (fentry, PREEMPT kernels), so they do not end in the reverse order of their
 * begin. Each buffer is therefore claimed by itself. loaderd multiplies
 * max_entries by the number of CPUs.
 */
#define PULSAR_SCRATCH_LEVELS 4

struct pulsar_scratch {
	__u64 busy;
	/* 16 more: submit pads with zeros beyond the last value. */
	__u8 record[PULSAR_RECORD_MAX + 16];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PULSAR_SCRATCH_LEVELS);
	__type(key, __u32);
	__type(value, struct pulsar_scratch);
} scratch SEC(".maps");

static __always_inline struct pulsar_counters *pulsar_counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

/* Slots in use, as a bit mask. */
static __always_inline __u32 pulsar_subscriptions(void)
{
	__u32 zero = 0;
	struct pulsar_control *c = bpf_map_lookup_elem(&control, &zero);

	return c ? c->subscriptions : 0;
}

static __always_inline void pulsar_count_loss(struct pulsar_losses *lost, long err)
{
	if (err == -PULSAR_ENOSPC)
		__sync_fetch_and_add(&lost->ring_full, 1);
	else if (err == -PULSAR_ENOENT)
		__sync_fetch_and_add(&lost->no_ring, 1);
	else if (err == -PULSAR_EBUSY)
		__sync_fetch_and_add(&lost->busy, 1);
	else
		__sync_fetch_and_add(&lost->other, 1);
}

/* An event that cannot be written: produced, and lost for everyone. */
static __always_inline void pulsar_count_lost(long err)
{
	struct pulsar_counters *c = pulsar_counters();
	__u32 slots = pulsar_subscriptions();

	if (!c)
		return;
	__sync_fetch_and_add(&c->produced, 1);
	for (int s = 0; s < PULSAR_SUBSCRIPTIONS_MAX; s++)
		if (slots & (1u << s))
			pulsar_count_loss(&c->lost[s], err);
}

/* For want of scratch memory. */
static __always_inline void pulsar_count_busy(void)
{
	pulsar_count_lost(-PULSAR_EBUSY);
}

static __always_inline struct pulsar_scratch *pulsar_scratch_claim(void)
{
	__u32 first = bpf_get_smp_processor_id() * PULSAR_SCRATCH_LEVELS;

	for (__u32 level = 0; level < PULSAR_SCRATCH_LEVELS; level++) {
		__u32 key = first + level;
		struct pulsar_scratch *s = bpf_map_lookup_elem(&scratch, &key);

		if (s && __sync_val_compare_and_swap(&s->busy, 0, 1) == 0)
			return s;
	}
	return NULL;
}

/* ---- begin ---- */

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

/* Copies `len` bytes, cut to fewer than `max` (a power of two), behind the record. */
static __always_inline void pulsar_append(struct pulsar_event *e, struct pulsar_string *to,
					  const void *from, __u32 len, __u32 max)
{
	__u32 offset = e->size;

	len &= max - 1;
	if (offset > PULSAR_RECORD_MAX - max)
		return;
	if (bpf_probe_read_kernel((void *)e + offset, len, from))
		return;
	to->offset = offset;
	to->len = len;
	e->size = offset + len;
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

/* ---- values of variable length ---- */

static __always_inline void pulsar_string_from(struct pulsar_event *e, struct pulsar_string *to,
					       const void *from, bool user)
{
	__u32 offset = e->size;
	long len;

	if (offset > PULSAR_RECORD_MAX - PULSAR_PATH_MAX)
		return;
	len = user ? bpf_probe_read_user_str((void *)e + offset, PULSAR_PATH_MAX, from)
		   : bpf_probe_read_kernel_str((void *)e + offset, PULSAR_PATH_MAX, from);
	if (len <= 0)
		return;
	to->offset = offset;
	to->len = len - 1;
	/* A string that fills the buffer was cut, or ended just there: say so. */
	to->full = len == PULSAR_PATH_MAX ? len : len - 1;
	e->size = offset + len - 1;
}

/* A NUL-terminated string in kernel memory, cut at 4095 bytes. */
static __always_inline void pulsar_string(struct pulsar_event *e, struct pulsar_string *to,
					  const char *from)
{
	pulsar_string_from(e, to, from, false);
}

/* The same from memory of the current process, which can change or be absent. */
static __always_inline void pulsar_string_user(struct pulsar_event *e, struct pulsar_string *to,
					       const char *from)
{
	pulsar_string_from(e, to, from, true);
}

/* ---- submit ---- */

static __always_inline void pulsar_scratch_release(struct pulsar_event *e)
{
	struct pulsar_scratch *s = (void *)e - offsetof(struct pulsar_scratch, record);

	*(volatile __u64 *)&s->busy = 0;
}

/* To one subscription; wakes its reader only if that sleeps. */
static __always_inline long pulsar_output_slot(void *ctx, struct pulsar_event *e, __u64 size,
					       __u32 slot, __u32 cpu)
{
	struct pulsar_position *position = NULL;
	void *positions = bpf_map_lookup_elem(&subscriptions, &slot);
	__u64 index = PULSAR_EVENTS_QUIET(slot, pulsar_cpus, cpu);

	if (positions)
		position = bpf_map_lookup_elem(positions, &cpu);
	if (position && position->waiting) {
		position->waiting = 0;
		index = PULSAR_EVENTS_LOUD(slot, pulsar_cpus, cpu);
	}
	return bpf_perf_event_output(ctx, &events, index, e, size);
}

static __always_inline void pulsar_output(void *ctx, struct pulsar_event *e)
{
	struct pulsar_counters *c = pulsar_counters();
	__u32 cpu = bpf_get_smp_processor_id();
	__u32 slots = pulsar_subscriptions();
	__u64 size = e->size;

	barrier_var(size); /* one register, so that the verifier sees the check on what is used */
	if (!c)
		return;
	if (size > PULSAR_RECORD_MAX) { /* nothing here lets it become so long */
		pulsar_count_lost(-PULSAR_E2BIG);
		return;
	}
	/*
	 * The kernel pads a sample to eight bytes (its length field of four
	 * included) without writing the padding, which would leave bytes of an
	 * older record in the ring. So there is none to be added.
	 */
	__builtin_memset((void *)e + size, 0, 8);
	size = (size + 3) & ~7ull;
	barrier_var(size); /* as "| 4" the addition would lose the bound */
	size += 4;
	e->seq = __sync_fetch_and_add(&c->produced, 1) + 1;
	/* After the claim: a reader that has seen all claims up to a moment has seen all events up to it. */
	e->time_ns = bpf_ktime_get_boot_ns();
	for (__u32 slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++) {
		long err;

		if (!(slots & (1u << slot)))
			continue;
		err = pulsar_output_slot(ctx, e, size, slot, cpu);
		if (err)
			pulsar_count_loss(&c->lost[slot], err);
	}
}

static __always_inline int pulsar_submit_record(void *ctx, struct pulsar_event *e)
{
	pulsar_output(ctx, e);
	pulsar_scratch_release(e);
	return 0;
}

#define pulsar_submit(ctx, e) pulsar_submit_record(ctx, &(e)->event)

/* Gives the scratch buffer back; the event was not one. */
#define pulsar_discard(e)                            \
	({                                           \
		pulsar_scratch_release(&(e)->event); \
		0;                                   \
	})

#endif
