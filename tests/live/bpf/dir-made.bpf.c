/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A second module, as somebody who knows only pulsar.bpf.h would write it: directories made. */
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
	e->mode = ctx->args[1];
	return pulsar_submit(ctx, e);
}
