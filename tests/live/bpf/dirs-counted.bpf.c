/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A module that publishes a table of its own: directories made, by the user who made them. */
#include "table.bpf.h"

struct dirs_counted {
	struct pulsar_event event;
	__u32 owner __main;
	__u32 last_pid;
	__u64 made __counter;
	__u64 by_digits[8] __counter; /* of the process number */
};

PULSAR_ROW(dirs_counted);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32); /* uid */
	__type(value, struct dirs_counted_row);
} counted SEC(".maps") PULSAR_TABLE;

static __always_inline struct dirs_counted_row *row_new(__u32 uid)
{
	struct dirs_counted *e = pulsar_begin(struct dirs_counted);

	if (!e)
		return NULL;
	e->owner = uid;
	pulsar_row_insert(&counted, &uid, e);
	return bpf_map_lookup_elem(&counted, &uid);
}

static __always_inline __u32 digits(__u32 number)
{
	__u32 n = 1;

	for (int i = 0; i < 7; i++) {
		number /= 10;
		if (number)
			n++;
	}
	return n;
}

static __always_inline int made(struct trace_event_raw_sys_exit *ctx)
{
	__u32 uid = bpf_get_current_uid_gid(), pid = bpf_get_current_pid_tgid() >> 32;
	struct dirs_counted_row *row = bpf_map_lookup_elem(&counted, &uid);

	if (ctx->ret)
		return 0;
	if (!row)
		row = row_new(uid);
	if (!row)
		return 0;
	row->fixed.last_pid = pid;
	__sync_fetch_and_add(&row->fixed.made, 1);
	__sync_fetch_and_add(&row->fixed.by_digits[digits(pid) & 7], 1);
	return 0;
}

SEC("tp/syscalls/sys_exit_mkdir")
int made__tp(struct trace_event_raw_sys_exit *ctx)
{
	return made(ctx);
}

SEC("tp/syscalls/sys_exit_mkdirat")
int made__tp__at(struct trace_event_raw_sys_exit *ctx)
{
	return made(ctx);
}
