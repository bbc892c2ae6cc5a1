/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Module flood: as many events as one asks for, see ../flood.h. As long as one of a file. */
#include "pulsar.bpf.h"

#include "../flood.h"

struct flooded {
	struct pulsar_event event;
	struct pulsar_string filename __main;
	__u64 number;
};

static const char flood_name[] = "/var/lib/application/data/7/segment-0000.log";

struct flood_call {
	void *ctx;
};

static long flood_one(__u32 number, void *arg)
{
	struct flood_call *call = arg;
	struct flooded *e = pulsar_begin(struct flooded);

	if (!e)
		return 0;
	pulsar_string(&e->event, &e->filename, flood_name);
	e->number = number;
	pulsar_submit(call->ctx, e);
	return 0;
}

SEC("tp/syscalls/sys_enter_getpgid")
int flooded__tp(struct trace_event_raw_sys_enter *ctx)
{
	struct flood_call call = { .ctx = ctx };
	__u64 pid = ctx->args[0];

	if ((pid & ~(__u64)FLOOD_MASK) != FLOOD_PID)
		return 0;
	bpf_loop(pid & FLOOD_MASK, flood_one, &call, 0);
	return 0;
}
