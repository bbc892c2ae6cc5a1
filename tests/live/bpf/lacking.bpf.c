/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A module that can do without a type and a function which no kernel has. */
#include "pulsar.bpf.h"

struct lacking_type {
	__u32 field;
} __attribute__((preserve_access_index));

extern void lacking_function(void) __ksym __weak;

struct lacking {
	struct pulsar_event event;
	__u32 found;
	__u32 reserved;
};

SEC("tp/syscalls/sys_enter_mkdir")
int made__tp(struct trace_event_raw_sys_enter *ctx)
{
	struct lacking *e = pulsar_begin(struct lacking);

	if (!e)
		return 0;
	e->found = bpf_core_type_exists(struct lacking_type);
	if (e->found)
		lacking_function();
	return pulsar_submit(ctx, e);
}
