/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Not a module: a program, but no event struct. */
#include "pulsar.bpf.h"

SEC("tp/syscalls/sys_enter_mkdir")
int nothing__tp(void *ctx)
{
	return 0;
}
