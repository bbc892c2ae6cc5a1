/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A record: scratch memory, values of variable length, output to each
 * subscription. How it begins is header.bpf.h. Part of pulsar.bpf.h.
 */
#ifndef PULSAR_RECORD_BPF_H
#define PULSAR_RECORD_BPF_H

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

/* ---- values of variable length ---- */

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

/* A record that goes out. */
struct pulsar_output {
	void *ctx;
	struct pulsar_event *event;
	struct pulsar_counters *counters;
	__u64 size;
	__u32 cpu;
	__u32 slots; /* as a bit mask */
};

/* To one subscription; wakes its reader only if that sleeps. */
static __always_inline void pulsar_output_slot(const struct pulsar_output *o, __u32 slot)
{
	struct pulsar_position *position = NULL;
	void *positions = bpf_map_lookup_elem(&subscriptions, &slot);
	__u64 index = PULSAR_EVENTS_QUIET(slot, pulsar_cpus, o->cpu);
	long err;

	if (positions)
		position = bpf_map_lookup_elem(positions, &o->cpu);
	if (position && position->waiting) {
		position->waiting = 0;
		index = PULSAR_EVENTS_LOUD(slot, pulsar_cpus, o->cpu);
	}
	err = bpf_perf_event_output(o->ctx, &events, index, o->event, o->size);
	if (!err)
		return;
	/* The mask changes nothing; it is how the verifier learns the bound again. */
	barrier_var(slot);
	slot &= PULSAR_SUBSCRIPTIONS_MAX - 1;
	pulsar_count_loss(&o->counters->lost[slot], err);
}

static long pulsar_output_further(__u32 step, void *arg)
{
	const struct pulsar_output *o = arg;
	__u32 slot = step + 1;

	if (slot >= PULSAR_SUBSCRIPTIONS_MAX)
		return 1;
	if (o->slots & (1u << slot))
		pulsar_output_slot(o, slot);
	return 0;
}

/*
 * To all subscriptions. The others than the first by a call for each: the verifier looks at it once, and
 * not at one slot after the other.
 */
static __always_inline void pulsar_output_all(struct pulsar_output *o)
{
	if (o->slots & 1)
		pulsar_output_slot(o, 0);
	if (o->slots > 1)
		bpf_loop(PULSAR_SUBSCRIPTIONS_MAX - 1, pulsar_output_further, o, 0);
}

static __always_inline void pulsar_output(void *ctx, struct pulsar_event *e)
{
	struct pulsar_counters *c = pulsar_counters();
	struct pulsar_output o = {};
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
	o.ctx = ctx;
	o.event = e;
	o.counters = c;
	o.size = size;
	o.cpu = bpf_get_smp_processor_id();
	o.slots = pulsar_subscriptions();
	pulsar_output_all(&o);
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
