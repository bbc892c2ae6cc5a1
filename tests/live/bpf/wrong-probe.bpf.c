/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A probe with a fault, for tests of the kit: it tells the mode without the last digit. */
#include "pulsar.bpf.h"

struct dir_made {
	struct pulsar_event event;
	struct pulsar_string name __main;
	__u32 mode __mode;
};

SEC("tp/syscalls/sys_enter_mkdir")
int made__tp(struct trace_event_raw_sys_enter *ctx)
{
	struct dir_made *e = pulsar_begin(struct dir_made);

	if (!e)
		return 0;
	pulsar_string_user(&e->event, &e->name, (const char *)ctx->args[0]);
	e->mode = ctx->args[1] & ~7;
	return pulsar_submit(ctx, e);
}
