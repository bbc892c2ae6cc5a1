/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The id of the container that a process is in, from the names of its cgroups:
 * 64 lower-case hex digits, alone or behind the runtime's prefix.
 *
 *   /docker/ID			  docker, cgroupfs driver
 *   /system.slice/docker-ID.scope	  docker, systemd driver
 *   /kubepods/burstable/podUID/ID	  containerd, cgroupfs driver
 *   .../cri-containerd-ID.scope	  containerd, systemd driver
 *   .../crio-ID[.scope]		  cri-o
 *   .../libpod-ID[.scope]/container  podman
 *   .../kubepods-....slice:cri-containerd:ID	  systemd's form, cgroupfs driver
 *
 * The nearest cgroup with such a name counts, on the unified hierarchy first and
 * then on those of version 1. The monitors that podman and cri-o put beside a
 * container (libpod-conmon-ID.scope) are not in it. A service with such a name
 * is none: only a scope, or no suffix.
 */
#ifndef PULSAR_CONTAINER_BPF_H
#define PULSAR_CONTAINER_BPF_H

#include "core.bpf.h"

#define CONTAINER_NAME_MAX \
	192 /* bytes looked at; longer names are cut by the kernel's NAME_MAX at 255 */
#define CONTAINER_SUFFIX 6 /* ".scope" */
#define CONTAINER_PREFIX 8 /* bytes looked at before the id: "-conmon-" */
/* Cgroups looked at, all hierarchies together. */
#define CONTAINER_STEPS	 256

/* Kernels of 6.15 and newer. */
struct kernfs_node___parent {
	struct kernfs_node *__parent;
} __attribute__((preserve_access_index));
/* Before. */
struct kernfs_node___old {
	struct kernfs_node *parent;
} __attribute__((preserve_access_index));

/*
 * Work memory, in a map: what is there the verifier keeps no account of, while on the stack each
 * value would be one more case.
 */
struct container_name {
	__u64 id[PULSAR_CONTAINER_LEN / 8]; /* text */
	char before[CONTAINER_PREFIX];
	char after[8];
	char name[CONTAINER_NAME_MAX];
	struct css_set *css;
	struct cgroup_root *unified;
	struct kernfs_node *node; /* NULL: on to the next hierarchy */
	__u32 hierarchy;	  /* the next one */
	__u32 found;
};

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *node)
{
	struct kernfs_node___parent *now = (void *)node;
	struct kernfs_node___old *old = (void *)node;

	if (bpf_core_field_exists(now->__parent))
		return BPF_CORE_READ(now, __parent);
	return BPF_CORE_READ(old, parent);
}

#define CONTAINER_EACH 0x0101010101010101ull

/* Sets the highest bit of each byte of ASCII in eight that is c or more. */
static __always_inline __u64 container_from(__u64 eight, __u8 c)
{
	return eight + (0x80 - c) * CONTAINER_EACH;
}

/* 1 if all are hex digits; without branches, which would multiply what the verifier looks at. */
static __always_inline __u32 container_is_hex(const __u64 *id)
{
	__u64 bad = 0;

	for (int i = 0; i < PULSAR_CONTAINER_LEN / 8; i++) {
		/* Without the highest bits, so that nothing is carried from byte to byte. */
		__u64 c = id[i] & 0x7f * CONTAINER_EACH;
		__u64 digit = container_from(c, '0') & ~container_from(c, '9' + 1);
		__u64 letter = container_from(c, 'a') & ~container_from(c, 'f' + 1);

		bad |= id[i] | ~(digit | letter);
	}
	return !(bad & 0x80 * CONTAINER_EACH);
}

/* There is no memcmp here. */
static __always_inline bool container_same(const char *a, const char *b, __u32 len)
{
	__u32 differ = 0;

	for (__u32 i = 0; i < len; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

/* Judges the name of one cgroup; 1: w->id is the container's. */
static __always_inline __u32 container_judge(struct container_name *w, const char *name)
{
	long len = bpf_probe_read_kernel_str(w->name, sizeof(w->name), name) - 1;
	long start;

	if (len < PULSAR_CONTAINER_LEN)
		return 0;
	start = len - PULSAR_CONTAINER_LEN;
	if (bpf_probe_read_kernel(w->after, CONTAINER_SUFFIX, name + len - CONTAINER_SUFFIX))
		return 0;
	if (container_same(w->after, ".scope", CONTAINER_SUFFIX))
		start -= CONTAINER_SUFFIX;
	if (start < 0 || bpf_probe_read_kernel(w->id, sizeof(w->id), name + start))
		return 0;
	if (!container_is_hex(w->id))
		return 0;
	if (!start)
		return 1;
	__builtin_memset(w->before, 0, sizeof(w->before));
	if (start < CONTAINER_PREFIX)
		bpf_probe_read_kernel(w->before + CONTAINER_PREFIX - 1, 1, name + start - 1);
	else
		bpf_probe_read_kernel(w->before, CONTAINER_PREFIX, name + start - CONTAINER_PREFIX);
	if (container_same(w->before, "-conmon-", CONTAINER_PREFIX))
		return 0;
	return w->before[CONTAINER_PREFIX - 1] == '-' || w->before[CONTAINER_PREFIX - 1] == ':';
}

/* The cgroup of hierarchy `n`: 0 the unified one, then those of each controller. NULL: none, or seen. */
static __always_inline struct kernfs_node *container_hierarchy(struct container_name *w, __u32 n)
{
	struct css_set *css = w->css;
	struct cgroup_subsys_state **states, *state;
	struct cgroup *cgroup;

	if (!n)
		return BPF_CORE_READ(css, dfl_cgrp, kn);
	/* The number of controllers differs from kernel to kernel. */
	states = (void *)css + bpf_core_field_offset(css->subsys);
	if (bpf_probe_read_kernel(&state, sizeof(state), states + n - 1) || !state)
		return NULL;
	cgroup = BPF_CORE_READ(state, cgroup);
	if (BPF_CORE_READ(cgroup, root) == w->unified)
		return NULL;
	return BPF_CORE_READ(cgroup, kn);
}

static __always_inline __u32 container_hierarchies(void)
{
	return 1 + bpf_core_enum_value(enum cgroup_subsys_id, CGROUP_SUBSYS_COUNT);
}

/* One cgroup; 1 ends the walk. */
static long container_step(__u32 step, void *arg)
{
	struct container_name *w = *(struct container_name **)arg;
	struct kernfs_node *node = w->node;

	if (!node) {
		if (w->hierarchy >= container_hierarchies())
			return 1;
		w->node = container_hierarchy(w, w->hierarchy++);
		return 0;
	}
	if (container_judge(w, BPF_CORE_READ(node, name))) {
		w->found = 1;
		return 1;
	}
	w->node = kernfs_parent(node);
	return 0;
}

/* Finds the id of the container of a task with this css_set: true with work->id. */
static __always_inline bool container_find(struct container_name *work, struct css_set *css)
{
	work->node = NULL;
	work->hierarchy = 0;
	work->found = 0;
	work->css = css;
	work->unified = BPF_CORE_READ(css, dfl_cgrp, root);
	bpf_loop(CONTAINER_STEPS, container_step, &work, 0);
	return work->found;
}

#endif
