/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * file-created: a file came to be. Once per file, after it exists, with its full path.
 */
#include "pulsar.bpf.h"

#define FMODE_CREATED 0x100000 /* include/linux/fs.h: this open created the file */

struct file_created {
	struct pulsar_event event;
	struct pulsar_string filename __main;
};

static __always_inline int created(void *ctx, const struct path *path, struct file *file)
{
	struct file_created *e;

	if (!(BPF_CORE_READ(file, f_mode) & FMODE_CREATED))
		return 0;
	e = pulsar_begin(struct file_created);
	if (!e)
		return 0;
	pulsar_path(&e->event, &e->filename, path);
	return pulsar_submit(ctx, e);
}

SEC("fentry/vfs_open")
int BPF_PROG(created__fentry, const struct path *path, struct file *file)
{
	return created(ctx, path, file);
}

SEC("kprobe/vfs_open")
int BPF_KPROBE(created__kprobe, const struct path *path, struct file *file)
{
	return created(ctx, path, file);
}

/* At the exit of the system call the new descriptor leads to the file. */
static __always_inline int created_fd(struct trace_event_raw_sys_exit *ctx)
{
	struct file *file = pulsar_file(ctx->ret);

	return file ? created(ctx, __builtin_preserve_access_index(&file->f_path), file) : 0;
}

SEC("tp/syscalls/sys_exit_open")
int created__tp__open(struct trace_event_raw_sys_exit *ctx)
{
	return created_fd(ctx);
}

SEC("tp/syscalls/sys_exit_openat")
int created__tp__openat(struct trace_event_raw_sys_exit *ctx)
{
	return created_fd(ctx);
}

SEC("tp/syscalls/sys_exit_openat2")
int created__tp__openat2(struct trace_event_raw_sys_exit *ctx)
{
	return created_fd(ctx);
}

SEC("tp/syscalls/sys_exit_creat")
int created__tp__creat(struct trace_event_raw_sys_exit *ctx)
{
	return created_fd(ctx);
}
