/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A module for tests of loading: directories made. Its better variants fail on
 * every kernel, each in its own way.
 */
#include "pulsar.bpf.h"

struct dir_made {
	struct pulsar_event event;
	__u32 answer;
};

/* Kept over an upgrade: how many directories were made in all. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} memory SEC(".maps");

const volatile __u32 answer = 42;

/* The verifier refuses to read through a number. */
SEC("raw_tp/sys_enter")
int made__refused(struct bpf_raw_tracepoint_args *ctx)
{
	return *(volatile char *)ctx->args[0];
}

/* Loads, but cannot be attached. */
SEC("tp/no_such_group/no_such_event")
int made__nowhere(void *ctx)
{
	return 0;
}

SEC("tp/syscalls/sys_enter_mkdir")
int made__tp__mkdir(void *ctx)
{
	struct dir_made *e = pulsar_begin(struct dir_made);
	__u32 zero = 0;
	__u64 *all = bpf_map_lookup_elem(&memory, &zero);

	if (all)
		__sync_fetch_and_add(all, 1);
	if (!e)
		return 0;
	e->answer = answer;
	return pulsar_submit(ctx, e);
}

/* A part for a system call that no kernel has is left out. */
SEC("tp/syscalls/sys_enter_no_such_call")
int made__tp__no_such(void *ctx)
{
	return 0;
}
