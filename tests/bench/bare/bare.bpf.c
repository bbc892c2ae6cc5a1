/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The least that a tracer can do: one program for a load, a short header, the bytes that are at hand,
 * one perf event array. No process table, no filters, no full paths, no accounting.
 * What Pulsar costs beyond this is the price of those.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "bare.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define O_CREAT		0100
#define TCP_ESTABLISHED 1

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bare);
} scratch SEC(".maps");

static __always_inline struct bare *begin(void)
{
	__u64 ids = bpf_get_current_pid_tgid();
	__u32 zero = 0;
	struct bare *b = bpf_map_lookup_elem(&scratch, &zero);

	if (!b)
		return NULL;
	b->time_ns = bpf_ktime_get_boot_ns();
	b->tgid = ids >> 32;
	b->tid = (__u32)ids;
	b->uid = (__u32)bpf_get_current_uid_gid();
	bpf_get_current_comm(b->comm, sizeof(b->comm));
	return b;
}

static __always_inline int submit(void *ctx, struct bare *b, long len)
{
	if (len <= 0 || len > BARE_PATH)
		return 0;
	b->len = len;
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, b,
			      offsetof(struct bare, path) + len);
	return 0;
}

static __always_inline int opened(struct trace_event_raw_sys_enter *ctx)
{
	struct bare *b = begin();

	if (!b)
		return 0;
	return submit(ctx, b,
		      bpf_probe_read_user_str(b->path, sizeof(b->path), (void *)ctx->args[1]));
}

SEC("?tp/syscalls/sys_enter_openat")
int open(struct trace_event_raw_sys_enter *ctx)
{
	return opened(ctx);
}

SEC("?tp/syscalls/sys_enter_openat")
int create(struct trace_event_raw_sys_enter *ctx)
{
	return ctx->args[2] & O_CREAT ? opened(ctx) : 0;
}

SEC("?tp/sched/sched_process_exec")
int exec(struct trace_event_raw_sched_process_exec *ctx)
{
	struct bare *b = begin();
	__u32 at = ctx->__data_loc_filename & 0xffff;

	if (!b)
		return 0;
	return submit(ctx, b,
		      bpf_probe_read_kernel_str(b->path, sizeof(b->path), (void *)ctx + at));
}

SEC("?tp/sock/inet_sock_set_state")
int connect(struct trace_event_raw_inet_sock_set_state *ctx)
{
	struct bare *b;

	if (ctx->newstate != TCP_ESTABLISHED)
		return 0;
	b = begin();
	if (!b)
		return 0;
	__builtin_memcpy(b->path, ctx->saddr, 4);
	__builtin_memcpy(b->path + 4, ctx->daddr, 4);
	__builtin_memcpy(b->path + 8, &ctx->sport, 2);
	__builtin_memcpy(b->path + 10, &ctx->dport, 2);
	return submit(ctx, b, 12);
}
