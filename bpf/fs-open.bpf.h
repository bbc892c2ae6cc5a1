/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * file-system-monitor: hooks created, made and opened. Files that come to be, and
 * files that a process gets a descriptor of.
 */
#ifndef FS_OPEN_BPF_H
#define FS_OPEN_BPF_H

/* include/linux/fs.h */
#define FMODE_CREATED 0x100000 /* this open created the file */
#define FMODE_EXEC    0x20     /* and __FMODE_EXEC: opened by execve(), not by open() */

#define AF_UNIX 1 /* include/linux/socket.h */

/*
 * ---- hook created: open(). Every file that is being opened comes by here, after it was created.
 * ----
 */

static __always_inline int created(void *ctx, struct file *file)
{
	struct file_created *e;

	if (!(pulsar_read(struct file, file, f_mode) & FMODE_CREATED))
		return 0;
	e = pulsar_begin(struct file_created);
	if (!e)
		return 0;
	pulsar_path(&e->event, &e->filename, &file->f_path);
	return pulsar_submit(ctx, e);
}

SEC("fentry/security_file_open")
int BPF_PROG(created__fentry, struct file *file)
{
	return created(ctx, file);
}

SEC("kprobe/security_file_open")
int BPF_KPROBE(created__kprobe, struct file *file)
{
	return created(ctx, file);
}

PULSAR_OPEN_EXITS(created, created)

/* ---- hook made: mknod(), and bind() of a socket with a path ---- */

PULSAR_NOTE(made, security_path_mknod)
PULSAR_NOTE_EXIT(made, vfs_create, file_created_noted)
PULSAR_NOTE_EXIT(made, vfs_mknod, file_created_noted)

PULSAR_EXIT_OLD(made, mknod)
{
	return file_created_at(ctx, PULSAR_AT_FDCWD, pulsar_argument(1));
}

PULSAR_EXIT(made, mknodat)
{
	return file_created_at(ctx, pulsar_argument(1), pulsar_argument(2));
}

/* Of net/unix/af_unix.h; not there if AF_UNIX is a module. */
struct unix_sock___pulsar {
	struct path path;
} __attribute__((preserve_access_index));

PULSAR_EXIT(made, bind)
{
	struct file *file = pulsar_file(pulsar_argument(1));
	struct socket *socket = BPF_CORE_READ(file, private_data);
	struct sock *sk = BPF_CORE_READ(socket, sk);
	struct unix_sock___pulsar *bound = (void *)sk;
	struct file_created *e;

	if (ctx->ret || !bpf_core_field_exists(bound->path) ||
	    BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX ||
	    !BPF_CORE_READ(bound, path.dentry))
		return 0; /* another family, or a name without a file */
	e = pulsar_begin(struct file_created);
	if (!e)
		return 0;
	pulsar_path(&e->event, &e->filename, &bound->path);
	return pulsar_submit(ctx, e);
}

/* ---- hook opened ---- */

static __always_inline int opened(void *ctx, struct file *file, __u32 flags)
{
	struct file_opened *e;

	if (flags & FMODE_EXEC)
		return 0;
	e = pulsar_begin(struct file_opened);
	if (!e)
		return 0;
	e->flags = flags & FILE_FLAGS;
	pulsar_path(&e->event, &e->filename, &file->f_path);
	return pulsar_submit(ctx, e);
}

SEC("fexit/do_filp_open")
int BPF_PROG(opened__fentry, int dfd, struct filename *name, const struct open_flags *op,
	     struct file *file)
{
	return pulsar_is_error((__u64)file) ? 0 : opened(ctx, file, op->open_flag);
}

SEC("fexit/do_file_open_root")
int BPF_PROG(opened__fentry__handle, const struct path *root, const char *name,
	     const struct open_flags *op, struct file *file)
{
	return pulsar_is_error((__u64)file) ? 0 : opened(ctx, file, op->open_flag);
}

/* The flags of the call, until it returns: they are not all in the open file. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} opening SEC(".maps");

static __always_inline int opened_enter(const struct open_flags *op)
{
	__u32 *flags = bpf_task_storage_get(&opening, bpf_get_current_task_btf(), NULL,
					    BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (flags)
		*flags = BPF_CORE_READ(op, open_flag);
	else
		pulsar_count_busy();
	return 0;
}

static __always_inline int opened_return(struct pt_regs *ctx)
{
	struct file *file = (struct file *)PT_REGS_RC(ctx);
	__u32 *flags;

	if (pulsar_is_error((__u64)file))
		return 0;
	flags = bpf_task_storage_get(&opening, bpf_get_current_task_btf(), NULL, 0);
	return flags ? opened(ctx, file, *flags) : 0;
}

SEC("kprobe/do_filp_open")
int BPF_KPROBE(opened__kprobe__enter, int dfd, struct filename *name, const struct open_flags *op)
{
	return opened_enter(op);
}

SEC("kretprobe/do_filp_open")
int opened__kprobe__return(struct pt_regs *ctx)
{
	return opened_return(ctx);
}

SEC("kprobe/do_file_open_root")
int BPF_KPROBE(opened__kprobe__handle_enter, const struct path *root, const char *name,
	       const struct open_flags *op)
{
	return opened_enter(op);
}

SEC("kretprobe/do_file_open_root")
int opened__kprobe__handle_return(struct pt_regs *ctx)
{
	return opened_return(ctx);
}

static __always_inline int opened_fd(struct trace_event_raw_sys_exit *ctx, __u32 flags)
{
	struct file *file = pulsar_file(ctx->ret);

	if (flags & O_PATH)
		flags &= FILE_PATH_FLAGS;
	return file ? opened(ctx, file, flags & FILE_FLAGS) : 0;
}

PULSAR_EXIT_OLD(opened, open)
{
	return opened_fd(ctx, pulsar_argument(2));
}

PULSAR_EXIT_OLD(opened, creat)
{
	return opened_fd(ctx, O_CREAT | O_WRONLY | O_TRUNC);
}

PULSAR_EXIT(opened, openat)
{
	return opened_fd(ctx, pulsar_argument(3));
}

PULSAR_EXIT(opened, openat2)
{
	struct open_how how = {};

	bpf_probe_read_user(&how, sizeof(how), (const void *)pulsar_argument(3));
	return opened_fd(ctx, how.flags);
}

PULSAR_EXIT(opened, open_by_handle_at)
{
	return opened_fd(ctx, pulsar_argument(3));
}

#endif
