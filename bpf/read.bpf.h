/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reading a field of a kernel object, by the cheapest way that the kernel has.
 *
 * bpf_probe_read_kernel() costs about 25 ns a piece, and a path has three for
 * each of its components. Where a program can say what a pointer points to
 * (bpf_rdonly_cast(), Linux 6.2), it is a plain load, which the kernel guards
 * against faults: one that faults reads as 0.
 */
#ifndef PULSAR_READ_BPF_H
#define PULSAR_READ_BPF_H

#include "core.bpf.h"

extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;

/*
 * The kernel functions for all types of programs, of which it is one, have this number
 * (kernel/bpf/btf.c).
 */
enum btf_kfunc_hook___pulsar { BTF_KFUNC_HOOK_COMMON___pulsar };

/* A constant to the verifier, which drops the branch that is not taken. */
static __always_inline bool pulsar_can_cast(void)
{
	return bpf_core_enum_value_exists(enum btf_kfunc_hook___pulsar,
					  BTF_KFUNC_HOOK_COMMON___pulsar);
}

#define pulsar_cast(type, p) \
	((type *)bpf_rdonly_cast((const void *)(p), bpf_core_type_id_kernel(type)))

/* p->field, where p points to a `type` of the kernel, or to nothing any more. */
#define pulsar_read(type, p, field) \
	(pulsar_can_cast() ? pulsar_cast(type, p)->field : BPF_CORE_READ((type *)(p), field))

/*
 * An object that the kernel hands to a program, for its fields and not for helpers. The verifier looks
 * through all of the kernel's BTF for each pointer that is loaded from an object which it trusts, on each
 * path through a program: two fifths of the time that it took to load all modules. What was cast it
 * does not trust.
 */
#define pulsar_plain(type, p) (pulsar_can_cast() ? pulsar_cast(type, p) : (type *)(p))

/* The current task, in that sense. */
static __always_inline struct task_struct *pulsar_task(void)
{
	return pulsar_plain(struct task_struct, bpf_get_current_task_btf());
}

/* IS_ERR(), include/linux/err.h: a pointer or an address that is an errno. */
static __always_inline bool pulsar_is_error(__u64 value)
{
	return value >= (__u64)-4095;
}

#endif
