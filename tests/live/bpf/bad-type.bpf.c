/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An event with a field that no kind fits: a pointer. */
#include "pulsar.bpf.h"

struct odd {
	struct pulsar_event event;
	void *where;
};

SEC("tp/syscalls/sys_enter_mkdir")
int odd__tp(void *ctx)
{
	struct odd *e = pulsar_begin(struct odd);

	return e ? pulsar_submit(ctx, e) : 0;
}
