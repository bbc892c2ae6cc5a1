/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Paths and open files as values of a record. Part of pulsar.bpf.h.
 */
#ifndef PULSAR_PATH_BPF_H
#define PULSAR_PATH_BPF_H

#include "walk.bpf.h"

/*
 * include/linux/fs.h. FMODE_BACKING moved from bit 25 to 24 in 6.14, and bit 25 became
 * FMODE_NONOTIFY; a backing file has FMODE_NOACCOUNT as well, and files of processes never do.
 */
#define PULSAR_FMODE_NOACCOUNT 0x20000000
#define PULSAR_FMODE_BACKING   0x03000000

/* Of fs/file_table.c; user_path is there since 6.8, and before that f_path is what it is now. */
struct backing_file___pulsar {
	struct file file;
	struct path user_path;
} __attribute__((preserve_access_index));

/*
 * Where the next path goes: a window behind the record. NULL: no room, and the value says that it
 * was cut.
 */
static __always_inline __u8 *pulsar_path_room(struct pulsar_event *e, struct pulsar_string *to)
{
	__u32 offset = e->size;

	if (PULSAR_RECORD_MAX < PULSAR_PATH_WINDOW ||
	    offset > (__u32)(PULSAR_RECORD_MAX - PULSAR_PATH_WINDOW)) {
		to->full = 1;
		return NULL;
	}
	return (__u8 *)e + offset;
}

/* The value is what stands at the start of the window. */
static __always_inline void pulsar_path_done(struct pulsar_event *e, struct pulsar_string *to,
					     __u32 len, __u32 full)
{
	to->offset = e->size;
	to->len = len;
	to->full = full;
	e->size += len;
}

/*
 * Appends the path of (mnt, dentry), as the root of the current process sees it; with a name (of
 * `len` bytes in kernel or BPF memory, `full` before it was cut), the path of what has that name in
 * it.
 */
static __always_inline void pulsar_path_in(struct pulsar_event *e, struct pulsar_string *to,
					   struct vfsmount *mnt, struct dentry *dentry,
					   const char *name, __u32 len, __u32 full)
{
	__u8 *window = pulsar_path_room(e, to);
	struct pulsar_walk *w;
	__u32 n;

	if (!window)
		return;
	w = pulsar_walk_begin(window, mnt, dentry, pulsar_task()->fs);
	if (name) {
		pulsar_walk_prepend(window, name, len, true);
		w->full += full - len;
	}
	n = pulsar_walk_end(window);
	pulsar_path_done(e, to, n, w->full);
}

static __always_inline void pulsar_path_of(struct pulsar_event *e, struct pulsar_string *to,
					   struct vfsmount *mnt, struct dentry *dentry)
{
	pulsar_path_in(e, to, mnt, dentry, NULL, 0, 0);
}

/* Appends the path that a `struct path *` of the kernel names. */
static __always_inline void pulsar_path(struct pulsar_event *e, struct pulsar_string *to,
					const struct path *path)
{
	pulsar_path_of(e, to, pulsar_read(struct path, path, mnt),
		       pulsar_read(struct path, path, dentry));
}

/*
 * The path of a mapped file as the process has it: overlayfs puts the file of a layer into the
 * mapping instead.
 */
static __always_inline const struct path *pulsar_mapped_path(struct file *file)
{
	struct backing_file___pulsar *backing = (void *)file;
	__u32 mode = pulsar_read(struct file, file, f_mode);

	if (bpf_core_field_exists(backing->user_path) && (mode & PULSAR_FMODE_NOACCOUNT) &&
	    (mode & PULSAR_FMODE_BACKING))
		return &backing->user_path;
	return &file->f_path;
}

/* The open file behind a descriptor of the current process; NULL if there is none. */
static __always_inline struct file *pulsar_file(int fd)
{
	struct fdtable *table = pulsar_task()->files->fdt;
	struct file *file = NULL;

	if (fd < 0 || (__u32)fd >= table->max_fds)
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), table->fd + fd);
	return file;
}

#endif
