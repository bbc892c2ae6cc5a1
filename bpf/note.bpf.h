/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Changes of names, for hooks that see one half each: security_path_*() knows the
 * mount, but not whether the change will succeed; vfs_*() returns the outcome, but
 * knows no mount. So the first notes what is about to happen, for its thread, and
 * the exit of the second makes the event of it.
 *
 * A note holds for the one dentry that it names. What a filesystem does by itself
 * on the way (overlayfs creates a file in its upper layer, with vfs_*() as well)
 * concerns other dentries, and makes no event. A note whose change is refused in
 * between is overwritten by the next one, and goes with the thread.
 *
 * CONFIG_SECURITY_PATH is needed. The arguments of vfs_*() have moved over time (vfs_create()
 * lost its `dir` in 6.19), so the dentry is looked for among them.
 */
#ifndef PULSAR_NOTE_BPF_H
#define PULSAR_NOTE_BPF_H

#include "pulsar.bpf.h"

#define PULSAR_NOTE_NAME \
	256 /* NAME_MAX, include/uapi/linux/limits.h, and a NUL; FUSE has longer ones */

struct pulsar_note {
	struct dentry *dentry; /* what vfs_*() is called with */
	struct vfsmount *mnt;
	struct dentry *parent;
	const void *object; /* of a link: what it points to; of a renaming: the other dentry */
	__u32 flags;
	__u32 pending; /* the change was not seen to end */
	__u32 depth;   /* kprobes: calls of vfs_*() that have not returned, from the noted one on */
	__u32 len;
	__u32 full;
	__u32 reserved;
	/* Kept, as filesystems (NFS) and renaming change it before vfs_*() returns. */
	char name[PULSAR_NOTE_NAME];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct pulsar_note);
} notes SEC(".maps");

static __always_inline struct pulsar_note *pulsar_note_find(__u64 flags)
{
	return bpf_task_storage_get(&notes, bpf_get_current_task_btf(), NULL, flags);
}

/* Notes that the thread is about to change the name `dentry` in the directory `dir`. */
static __always_inline int pulsar_note(const struct path *dir, struct dentry *dentry,
				       const void *object, __u32 flags)
{
	struct pulsar_note *note = pulsar_note_find(BPF_LOCAL_STORAGE_GET_F_CREATE);
	long len;

	if (!note) {
		pulsar_count_busy();
		return 0;
	}
	note->dentry = dentry;
	note->mnt = pulsar_read(struct path, dir, mnt);
	note->parent = pulsar_read(struct path, dir, dentry);
	note->object = object;
	note->flags = flags;
	note->depth = 0;
	note->full = pulsar_read(struct dentry, dentry, d_name.len);
	len = bpf_probe_read_kernel_str(note->name, sizeof(note->name),
					BPF_CORE_READ(dentry, d_name.name));
	note->len = len > 0 ? len - 1 : 0;
	note->pending = 1;
	return 0;
}

/* Appends the path that was noted. */
static __always_inline void pulsar_note_path(struct pulsar_event *e, struct pulsar_string *to,
					     struct pulsar_note *note)
{
	pulsar_path_in(e, to, note->mnt, note->parent, note->name,
		       note->len & (PULSAR_NOTE_NAME - 1), note->full);
}

/*
 * Of a function that returns an int, or a pointer (vfs_mkdir() since 6.15), as the register has it:
 * an int is extended by zeros or by its sign, and no dentry has an address of either form.
 */
static __always_inline bool pulsar_note_success(__u64 ret)
{
	__u32 upper = ret >> 32;

	return (__u32)ret < (__u32)-4095 || (upper && upper != (__u32)-1);
}

/* The note that the thread has pending, if it is about one of these. */
static __always_inline struct pulsar_note *pulsar_note_about(__u64 a, __u64 b, __u64 c)
{
	struct pulsar_note *note = pulsar_note_find(0);
	__u64 dentry;

	if (!note || !note->pending)
		return NULL;
	dentry = (__u64)note->dentry;
	return a == dentry || b == dentry || c == dentry ? note : NULL;
}

static __always_inline struct pulsar_note *pulsar_note_close(struct pulsar_note *note, __u64 ret)
{
	note->pending = 0;
	return pulsar_note_success(ret) ? note : NULL;
}

/* At the exit of vfs_*(): the note, if the call was for it and has succeeded. It is used up. */
static __always_inline struct pulsar_note *pulsar_note_exit(void *ctx)
{
	__u64 a = 0, b = 0, c = 0, ret = -1;
	struct pulsar_note *note;

	bpf_get_func_arg(ctx, 1, &a);
	bpf_get_func_arg(ctx, 2, &b);
	bpf_get_func_arg(ctx, 3, &c);
	note = pulsar_note_about(a, b, c);
	if (!note)
		return NULL;
	bpf_get_func_ret(ctx, &ret);
	return pulsar_note_close(note, ret);
}

/*
 * The same for kprobes: a return does not tell its arguments, so from the noted call on, calls in
 * each other are counted.
 */
static __always_inline int pulsar_note_enter(__u64 a, __u64 b, __u64 c)
{
	struct pulsar_note *note = pulsar_note_find(0);

	if (note && note->pending && (note->depth || pulsar_note_about(a, b, c)))
		note->depth++;
	return 0;
}

static __always_inline struct pulsar_note *pulsar_note_return(struct pt_regs *ctx)
{
	struct pulsar_note *note = pulsar_note_find(0);

	if (!note || !note->pending || !note->depth || --note->depth)
		return NULL;
	return pulsar_note_close(note, PT_REGS_RC(ctx));
}

/*
 * Programs of a hook's variants fentry and kprobe: the exit of vfs_*(), where emit(ctx, note) makes
 * the event.
 */
#define PULSAR_NOTE_EXIT(hook, vfs, emit)                                        \
	SEC("fexit/" #vfs) int hook##__fentry__##vfs(void *ctx)                  \
	{                                                                        \
		struct pulsar_note *note = pulsar_note_exit(ctx);                \
                                                                                 \
		return note ? emit(ctx, note) : 0;                               \
	}                                                                        \
	SEC("kprobe/" #vfs) int hook##__kprobe__##vfs(struct pt_regs *ctx)       \
	{                                                                        \
		return pulsar_note_enter(PT_REGS_PARM2(ctx), PT_REGS_PARM3(ctx), \
					 PT_REGS_PARM4(ctx));                    \
	}                                                                        \
	PULSAR_NOTE_RETURN(hook, vfs, emit)

#define PULSAR_NOTE_RETURN(hook, vfs, emit)                                            \
	SEC("kretprobe/" #vfs) int hook##__kprobe__##vfs##_return(struct pt_regs *ctx) \
	{                                                                              \
		struct pulsar_note *note = pulsar_note_return(ctx);                    \
                                                                                       \
		return note ? emit(ctx, note) : 0;                                     \
	}

/* The same: the note, in a security_path_*(dir, dentry, ...). */
#define PULSAR_NOTE(hook, security_path)                                                    \
	SEC("fentry/" #security_path)                                                       \
	int BPF_PROG(hook##__fentry__note, const struct path *dir, struct dentry *dentry)   \
	{                                                                                   \
		return pulsar_note(dir, dentry, NULL, 0);                                   \
	}                                                                                   \
	SEC("kprobe/" #security_path)                                                       \
	int BPF_KPROBE(hook##__kprobe__note, const struct path *dir, struct dentry *dentry) \
	{                                                                                   \
		return pulsar_note(dir, dentry, NULL, 0);                                   \
	}

#endif
