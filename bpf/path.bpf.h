/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Paths and open files as values of a record. Part of pulsar.bpf.h.
 */
#ifndef PULSAR_PATH_BPF_H
#define PULSAR_PATH_BPF_H

#include "walk.bpf.h"

/* Appends the path of (mnt, dentry), as the root of the current process sees it. */
static __always_inline void pulsar_path_of(struct pulsar_event *e, struct pulsar_string *to,
					   struct vfsmount *mnt, struct dentry *dentry)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 offset = e->size;
	__u32 full;

	if (offset > PULSAR_RECORD_MAX - PULSAR_PATH_WINDOW)
		return;
	to->offset = offset;
	to->len = pulsar_walk_path((__u8 *)e + offset, mnt, dentry, BPF_CORE_READ(task, fs), &full);
	to->full = full;
	e->size = offset + to->len;
}

/* Appends the path that a `struct path *` of the kernel names. */
static __always_inline void pulsar_path(struct pulsar_event *e, struct pulsar_string *to,
					const struct path *path)
{
	pulsar_path_of(e, to, BPF_CORE_READ(path, mnt), BPF_CORE_READ(path, dentry));
}

/* The open file behind a descriptor of the current process; NULL if there is none. */
static __always_inline struct file *pulsar_file(long fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = NULL;

	if (fd < 0 || fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

#endif
