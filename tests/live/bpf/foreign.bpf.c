/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A BPF object that was not written for Pulsar: it has no maps. */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("tp/syscalls/sys_enter_mkdir")
int foreign__tp(void *ctx)
{
	return 0;
}
