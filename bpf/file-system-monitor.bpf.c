/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * file-system-monitor: files and directories that come, go, get another name, are
 * opened, or are mapped to be executed. Only what succeeded, each once.
 *
 * The variants fentry and kprobe know the path that the kernel acted on. tp knows
 * how open files are called, and for all else the name that was asked for: see
 * join.bpf.h and calls.bpf.h for what that means.
 */
#include "calls.bpf.h"
#include "flags.bpf.h"
#include "note.bpf.h"
#include "process.bpf.h"

#define AT_REMOVEDIR	0x200 /* include/uapi/linux/fcntl.h */
#define RENAME_EXCHANGE 0x2   /* include/uapi/linux/fs.h */

/* ---- events ---- */

/* A regular file, a fifo, a socket or a device; a symbolic link is a FileLink. */
struct file_created {
	struct pulsar_event event;
	struct pulsar_string filename __main;
};

struct file_deleted {
	struct pulsar_event event;
	struct pulsar_string filename __main;
};

struct dir_created {
	struct pulsar_event event;
	struct pulsar_string filename __main;
};

struct dir_deleted {
	struct pulsar_event event;
	struct pulsar_string filename __main;
};

/* A process got a descriptor by open() and its like, a directory's or one of O_PATH included. */
struct file_opened {
	struct pulsar_event event;
	struct pulsar_string filename __main __derive_elf;
	enum file_flags flags __flags;
	__u32 reserved;
};

struct file_link {
	struct pulsar_event event;
	struct pulsar_string source __main; /* the new name */
	struct pulsar_string destination;   /* what it leads to; of a symbolic link, its text */
	bool hard_link;
	__u8 reserved[7];
};

/* RENAME_EXCHANGE makes two of them. */
struct file_rename {
	struct pulsar_event event;
	struct pulsar_string source __main;
	struct pulsar_string destination;
};

/* A program or a library: by execve(), mmap() or mprotect(). */
struct file_mapped_exec {
	struct pulsar_event event;
	struct pulsar_string filename __main;
};

/*
 * The two ways to an event of one name: as it was noted, and as a call that returned 0 was given
 * it.
 */
#define NAME_EVENT(type)                                                                    \
	static __always_inline int type##_noted(void *ctx, struct pulsar_note *note)        \
	{                                                                                   \
		struct type *e = pulsar_begin(struct type);                                 \
                                                                                            \
		if (!e)                                                                     \
			return 0;                                                           \
		pulsar_note_path(&e->event, &e->filename, note);                            \
		return pulsar_submit(ctx, e);                                               \
	}                                                                                   \
	static __always_inline int type##_at(struct trace_event_raw_sys_exit *ctx, int dfd, \
					     __u64 name)                                    \
	{                                                                                   \
		struct type *e = ctx->ret ? NULL : pulsar_begin(struct type);               \
                                                                                            \
		if (!e)                                                                     \
			return 0;                                                           \
		pulsar_path_user(&e->event, &e->filename, dfd, (const char *)name);         \
		return pulsar_submit(ctx, e);                                               \
	}

NAME_EVENT(file_created)
NAME_EVENT(file_deleted)
NAME_EVENT(dir_created)
NAME_EVENT(dir_deleted)

#include "fs-map.bpf.h"
#include "fs-open.bpf.h"

/* ---- hooks of one name: dir_created, dir_deleted, deleted ---- */

PULSAR_NOTE(dir_created, security_path_mkdir)
PULSAR_NOTE_EXIT(dir_created, vfs_mkdir, dir_created_noted)

PULSAR_EXIT_OLD(dir_created, mkdir)
{
	return dir_created_at(ctx, PULSAR_AT_FDCWD, pulsar_argument(1));
}

PULSAR_EXIT(dir_created, mkdirat)
{
	return dir_created_at(ctx, pulsar_argument(1), pulsar_argument(2));
}

PULSAR_NOTE(dir_deleted, security_path_rmdir)
PULSAR_NOTE_EXIT(dir_deleted, vfs_rmdir, dir_deleted_noted)

PULSAR_EXIT_OLD(dir_deleted, rmdir)
{
	return dir_deleted_at(ctx, PULSAR_AT_FDCWD, pulsar_argument(1));
}

PULSAR_EXIT(dir_deleted, unlinkat)
{
	if (!(pulsar_argument(3) & AT_REMOVEDIR))
		return 0;
	return dir_deleted_at(ctx, pulsar_argument(1), pulsar_argument(2));
}

PULSAR_NOTE(deleted, security_path_unlink)
PULSAR_NOTE_EXIT(deleted, vfs_unlink, file_deleted_noted)

PULSAR_EXIT_OLD(deleted, unlink)
{
	return file_deleted_at(ctx, PULSAR_AT_FDCWD, pulsar_argument(1));
}

PULSAR_EXIT(deleted, unlinkat)
{
	if (pulsar_argument(3) & AT_REMOVEDIR)
		return 0;
	return file_deleted_at(ctx, pulsar_argument(1), pulsar_argument(2));
}

/* ---- hooks linked and symlinked ---- */

SEC("fentry/security_path_link")
int BPF_PROG(linked__fentry__note, struct dentry *old, const struct path *dir,
	     struct dentry *dentry)
{
	return pulsar_note(dir, dentry, old, 0);
}

SEC("kprobe/security_path_link")
int BPF_KPROBE(linked__kprobe__note, struct dentry *old, const struct path *dir,
	       struct dentry *dentry)
{
	return pulsar_note(dir, dentry, old, 0);
}

SEC("fentry/security_path_symlink")
int BPF_PROG(symlinked__fentry__note, const struct path *dir, struct dentry *dentry,
	     const char *text)
{
	return pulsar_note(dir, dentry, text, 0);
}

SEC("kprobe/security_path_symlink")
int BPF_KPROBE(symlinked__kprobe__note, const struct path *dir, struct dentry *dentry,
	       const char *text)
{
	return pulsar_note(dir, dentry, text, 0);
}

static __always_inline int link_noted(void *ctx, struct pulsar_note *note, bool hard)
{
	struct file_link *e = pulsar_begin(struct file_link);

	if (!e)
		return 0;
	e->hard_link = hard;
	pulsar_note_path(&e->event, &e->source, note);
	if (hard) /* both are on one mount */
		pulsar_path_of(&e->event, &e->destination, note->mnt,
			       (struct dentry *)note->object);
	else
		pulsar_string(&e->event, &e->destination, note->object);
	return pulsar_submit(ctx, e);
}

static __always_inline int linked(void *ctx, struct pulsar_note *note)
{
	return link_noted(ctx, note, true);
}

static __always_inline int symlinked(void *ctx, struct pulsar_note *note)
{
	return link_noted(ctx, note, false);
}

PULSAR_NOTE_EXIT(linked, vfs_link, linked)
PULSAR_NOTE_EXIT(symlinked, vfs_symlink, symlinked)

static __always_inline int linked_at(struct trace_event_raw_sys_exit *ctx, int to_dfd, __u64 to,
				     int dfd, __u64 name)
{
	struct file_link *e = ctx->ret ? NULL : pulsar_begin(struct file_link);

	if (!e)
		return 0;
	e->hard_link = true;
	pulsar_path_user(&e->event, &e->source, dfd, (const char *)name);
	pulsar_path_user(&e->event, &e->destination, to_dfd, (const char *)to);
	return pulsar_submit(ctx, e);
}

static __always_inline int symlinked_at(struct trace_event_raw_sys_exit *ctx, __u64 text, int dfd,
					__u64 name)
{
	struct file_link *e = ctx->ret ? NULL : pulsar_begin(struct file_link);

	if (!e)
		return 0;
	pulsar_path_user(&e->event, &e->source, dfd, (const char *)name);
	pulsar_string_user(&e->event, &e->destination, (const char *)text);
	return pulsar_submit(ctx, e);
}

PULSAR_EXIT_OLD(linked, link)
{
	return linked_at(ctx, PULSAR_AT_FDCWD, pulsar_argument(1), PULSAR_AT_FDCWD,
			 pulsar_argument(2));
}

PULSAR_EXIT(linked, linkat)
{
	return linked_at(ctx, pulsar_argument(1), pulsar_argument(2), pulsar_argument(3),
			 pulsar_argument(4));
}

PULSAR_EXIT_OLD(symlinked, symlink)
{
	return symlinked_at(ctx, pulsar_argument(1), PULSAR_AT_FDCWD, pulsar_argument(2));
}

PULSAR_EXIT(symlinked, symlinkat)
{
	return symlinked_at(ctx, pulsar_argument(1), pulsar_argument(2), pulsar_argument(3));
}

/* ---- hook renamed ---- */

SEC("fentry/security_path_rename")
int BPF_PROG(renamed__fentry__note, const struct path *old_dir, struct dentry *old,
	     const struct path *new_dir, struct dentry *new, unsigned int flags)
{
	return pulsar_note(old_dir, old, new, flags);
}

SEC("kprobe/security_path_rename")
int BPF_KPROBE(renamed__kprobe__note, const struct path *old_dir, struct dentry *old,
	       const struct path *new_dir, struct dentry *new, unsigned int flags)
{
	return pulsar_note(old_dir, old, new, flags);
}

static __always_inline int renamed(void *ctx, struct pulsar_note *note)
{
	struct dentry *dentry = note->dentry, *other = (struct dentry *)note->object;
	struct file_rename *e = pulsar_begin(struct file_rename);

	/*
	 * The dentry has its new name and place already. Not so if both are names of one file: then
	 * nothing is renamed, but the call succeeds.
	 */
	if (BPF_CORE_READ(dentry, d_inode) == BPF_CORE_READ(other, d_inode))
		dentry = other;
	if (e) {
		pulsar_note_path(&e->event, &e->source, note);
		pulsar_path_of(&e->event, &e->destination, note->mnt, dentry);
		pulsar_submit(ctx, e);
	}
	if (!(note->flags & RENAME_EXCHANGE))
		return 0;
	e = pulsar_begin(struct file_rename);
	if (!e)
		return 0;
	pulsar_path_of(&e->event, &e->source, note->mnt, dentry);
	pulsar_note_path(&e->event, &e->destination, note);
	return pulsar_submit(ctx, e);
}

SEC("fexit/vfs_rename")
int BPF_PROG(renamed__fentry__vfs_rename, struct renamedata *rd, int ret)
{
	__u64 old = (__u64)rd->old_dentry;
	struct pulsar_note *note = pulsar_note_about(old, old, old);

	if (note)
		note = pulsar_note_close(note, ret);
	return note ? renamed(ctx, note) : 0;
}

SEC("kprobe/vfs_rename")
int BPF_KPROBE(renamed__kprobe__vfs_rename, struct renamedata *rd)
{
	__u64 old = (__u64)BPF_CORE_READ(rd, old_dentry);

	return pulsar_note_enter(old, old, old);
}

PULSAR_NOTE_RETURN(renamed, vfs_rename, renamed)

static __always_inline int renamed_pair(struct trace_event_raw_sys_exit *ctx, int old_dfd,
					__u64 old, int new_dfd, __u64 new)
{
	struct file_rename *e = ctx->ret ? NULL : pulsar_begin(struct file_rename);

	if (!e)
		return 0;
	pulsar_path_user(&e->event, &e->source, old_dfd, (const char *)old);
	pulsar_path_user(&e->event, &e->destination, new_dfd, (const char *)new);
	return pulsar_submit(ctx, e);
}

PULSAR_EXIT_OLD(renamed, rename)
{
	return renamed_pair(ctx, PULSAR_AT_FDCWD, pulsar_argument(1), PULSAR_AT_FDCWD,
			    pulsar_argument(2));
}

PULSAR_EXIT(renamed, renameat)
{
	return renamed_pair(ctx, pulsar_argument(1), pulsar_argument(2), pulsar_argument(3),
			    pulsar_argument(4));
}

PULSAR_EXIT(renamed, renameat2)
{
	renamed_pair(ctx, pulsar_argument(1), pulsar_argument(2), pulsar_argument(3),
		     pulsar_argument(4));
	if (!(pulsar_argument(5) & RENAME_EXCHANGE))
		return 0;
	return renamed_pair(ctx, pulsar_argument(3), pulsar_argument(4), pulsar_argument(1),
			    pulsar_argument(2));
}
