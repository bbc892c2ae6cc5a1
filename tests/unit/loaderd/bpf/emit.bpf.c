/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A module without a hook: BPF_PROG_TEST_RUN makes one event on the CPU that
 * the test asks for.
 */
#include "pulsar.bpf.h"

struct emitted {
	struct pulsar_event event;
	__u64 number;
};

SEC("raw_tp")
int emit(void *ctx)
{
	struct emitted *e = pulsar_begin(struct emitted);

	if (!e)
		return 0;
	e->number = 42;
	return pulsar_submit(ctx, e);
}
