/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What every object has, module core included: the settings that loaderd
 * enters, `meta`, and the tables that core keeps and all modules read. loaderd
 * creates a map named core_* once, for core, and puts it into each other object
 * that declares it.
 */
#ifndef PULSAR_CORE_BPF_H
#define PULSAR_CORE_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include <pulsar/event.h>
#include <pulsar/filter.h>
#include <pulsar/schema.h>

/* The helpers that read kernel memory are GPL-only. A module needs no licence line of its own. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Settings, entered by loaderd before load. */
const volatile __u32 pulsar_cpus = 1;	       /* possible CPUs */
const volatile __u32 pulsar_generation = 1;    /* of this module, grows with each upgrade */
const volatile __u32 pulsar_module_number = 0; /* the module's bit in pulsar_process.filters */

/*
 * x, whose value the verifier does not know. Before 6.7 (commit ab5cfac139ab) it looks at the
 * callback of bpf_loop() once, with what its context has at first, and removes the branches that
 * are not taken then. So what a callback changes and asks for must not begin as a constant.
 */
static volatile __u64 pulsar_nothing; /* 0 */
#define pulsar_hide(x) ((typeof(x))((__u64)(x) + pulsar_nothing))

#define PULSAR_TAG(text) __attribute__((btf_decl_tag("pulsar:" text)))
#define __public	 PULSAR_TAG("public") /* on a map: the module's group may read it */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pulsar_meta);
} meta SEC(".maps");

/* The process table, by tgid. Not preallocated, so that it costs what there are processes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct pulsar_process);
} core_processes SEC(".maps") __public;

/* tgids of loaderd and of connected readers: what they do is not reported. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} core_excluded SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pulsar_core_state);
} core_state SEC(".maps") __public;

static __always_inline struct pulsar_core_state *core_state_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&core_state, &zero);
}

#endif
