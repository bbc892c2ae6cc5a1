/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The least that a module's program does for a reader, without a hook and without
 * what bpf/pulsar.bpf.h adds: BPF_PROG_TEST_RUN makes as many events as its first
 * argument says, on the CPU that it is run on, for the subscription in slot 0.
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include <pulsar/event.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define ENOSPC 28
#define ENOENT 2

const volatile __u32 cpus = 1;
const volatile __u32 generation = 1;

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_PRESERVE_ELEMS);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pulsar_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct pulsar_position);
} positions SEC(".maps");

struct run {
	struct bpf_raw_tracepoint_args *ctx;
	struct pulsar_counters *counters;
	struct pulsar_position *position;
	__u32 cpu;
};

static long produce_one(__u32 i, struct run *run)
{
	struct pulsar_counters *c = run->counters;
	__u32 cpu = run->cpu;
	/* Four bytes more, so that the length of the sample is a multiple of eight. */
	struct {
		struct pulsar_event event;
		__u64 number;
		__u32 padding;
	} __attribute__((packed)) r = {};
	__u64 index = PULSAR_EVENTS_QUIET(0, cpus, cpu);
	long err;

	r.event.size = sizeof(r.event) + sizeof(r.number);
	r.event.type = 1;
	r.event.generation = generation;
	r.event.seq = __sync_fetch_and_add(&c->produced, 1) + 1;
	r.event.time_ns = bpf_ktime_get_boot_ns();
	r.number = 1000000 * cpu + r.event.seq;
	if (run->position->waiting) {
		run->position->waiting = 0;
		index = PULSAR_EVENTS_LOUD(0, cpus, cpu);
	}
	err = bpf_perf_event_output(run->ctx, &events, index, &r, sizeof(r));
	if (err == -ENOSPC)
		__sync_fetch_and_add(&c->lost[0].ring_full, 1);
	else if (err == -ENOENT)
		__sync_fetch_and_add(&c->lost[0].no_ring, 1);
	else if (err)
		__sync_fetch_and_add(&c->lost[0].other, 1);
	return 0;
}

SEC("raw_tp")
int produce(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 zero = 0, cpu = bpf_get_smp_processor_id();
	struct run run = {
		.ctx = ctx,
		.counters = bpf_map_lookup_elem(&counters, &zero),
		.position = bpf_map_lookup_elem(&positions, &cpu),
		.cpu = cpu,
	};

	if (run.counters && run.position)
		bpf_loop(ctx->args[0], produce_one, &run, 0);
	return 0;
}
