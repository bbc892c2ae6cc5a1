/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Full paths, across mounts, as the acting process's own root sees them.
 * bpf_d_path() would do it, but only in a short list of functions
 * (btf_allowlist_d_path, kernel/trace/bpf_trace.c), so the walk is done here:
 * from the dentry up to the root of its mount, over to the mount point, and so
 * on to the root of the process.
 *
 * What lies outside of that root is shown from the root of its mount
 * namespace. What was deleted has the path that it had. What never had a place
 * in a tree has its name (memfd:x) or its kind (pipefs:[4242]), without a slash.
 */
#ifndef PULSAR_WALK_BPF_H
#define PULSAR_WALK_BPF_H

#include "read.bpf.h"

#define PULSAR_PATH_MAX	  4096 /* PATH_MAX, include/uapi/linux/limits.h */
/* Components and mounts together; a path of 4096 bytes has at most 2048 components. */
#define PULSAR_PATH_STEPS 2304

/*
 * A name up to this length is in its dentry (DNAME_INLINE_LEN, include/linux/dcache.h, is 32 or
 * more).
 */
#define PULSAR_NAME_SHORT 31

/*
 * Where a walk is. It lies behind the path in the window: of what is in a map the verifier keeps no
 * account, while on the stack each value and each way to it would be one more case of the step.
 */
struct pulsar_walk {
	struct dentry *dentry;
	struct mount *mount;
	struct dentry *mount_root;
	struct dentry *root_dentry;
	struct mount *root_mount;
	__u32 pos;  /* where the path begins in the window */
	__u32 full; /* bytes that the whole path has */
	__u32 ups;  /* levels to go up before the walk, see join.bpf.h */
};

/*
 * A path grows from its end towards its front in the first half of a window,
 * and is then moved to the window's start. The second half is for the verifier,
 * which knows of a position and of a length only that each is below PATH_MAX.
 */
#define PULSAR_WALK_AT	   (2 * PULSAR_PATH_MAX)
#define PULSAR_PATH_WINDOW (PULSAR_WALK_AT + (__u32)sizeof(struct pulsar_walk))

static __always_inline struct pulsar_walk *pulsar_walk(__u8 *window)
{
	return (struct pulsar_walk *)(window + PULSAR_WALK_AT);
}

static __always_inline struct mount *pulsar_mount(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

/* Eight bytes of a name. */
static __always_inline __u64 pulsar_name_word(const void *name)
{
	return *(__u64 *)pulsar_cast(struct qstr, name);
}

/*
 * Copies a name of at most PULSAR_NAME_SHORT bytes by plain loads; `to` has room for them. The last
 * bytes are copied together with some before them, which are copied twice: one way for each size, where a
 * branch for each bit of the length would be eight.
 */
static __always_inline void pulsar_name_copy(__u8 *to, const void *name, __u32 len)
{
	__u64 word = pulsar_name_word(name);

	/* The mask changes nothing; it is how the verifier learns the bound. */
	barrier_var(len);
	len &= PULSAR_NAME_SHORT;
	if (len >= 8) {
		__u64 last = pulsar_name_word(name + len - 8);
		__u8 *end = to + len - 8;

		for (int i = 0; i < PULSAR_NAME_SHORT / 8 && len > 8; i++) {
			*(__u64 *)to = word;
			to += 8;
			name += 8;
			len -= 8;
			word = pulsar_name_word(name);
		}
		*(__u64 *)end = last;
	} else if (len >= 4) {
		*(__u32 *)to = word;
		*(__u32 *)(to + len - 4) = word >> 8 * (len - 4);
	} else if (len >= 2) {
		*(__u16 *)to = word;
		*(__u16 *)(to + len - 2) = word >> 8 * (len - 2);
	} else if (len) {
		*to = word;
	}
}

/* Puts a name before what is there; if there is no room for all of it, its end. */
static __always_inline void pulsar_walk_prepend(__u8 *window, const void *name, __u32 len,
						bool slash)
{
	struct pulsar_walk *w = pulsar_walk(window);
	__u32 pos = w->pos & (PULSAR_PATH_MAX - 1);
	__u32 cut = len > pos ? len - pos : 0;

	w->full += len + slash;
	len -= cut;
	/* The masks change nothing; they are how the verifier learns the bounds. */
	pos = (pos - len) & (PULSAR_PATH_MAX - 1);
	bpf_probe_read_kernel(window + pos, len & (PULSAR_PATH_MAX - 1), name + cut);
	if (slash && pos) {
		pos = (pos - 1) & (PULSAR_PATH_MAX - 1);
		window[pos] = '/';
	}
	w->pos = pos;
}

/* Puts the name of a dentry before what is there, and a slash before it. */
static __always_inline void pulsar_walk_name(__u8 *window, struct dentry *dentry)
{
	struct pulsar_walk *w = pulsar_walk(window);
	__u32 pos = w->pos & (PULSAR_PATH_MAX - 1);
	struct qstr name = {};

	if (!pulsar_can_cast()) {
		BPF_CORE_READ_INTO(&name, dentry, d_name);
		pulsar_walk_prepend(window, name.name, name.len, true);
		return;
	}
	name.len = pulsar_cast(struct dentry, dentry)->d_name.len;
	name.name = pulsar_cast(struct dentry, dentry)->d_name.name;
	if (name.len > PULSAR_NAME_SHORT || name.len >= pos) {
		pulsar_walk_prepend(window, name.name, name.len, true);
		return;
	}
	w->full += name.len + 1;
	pos = (pos - name.len - 1) & (PULSAR_PATH_MAX - 1);
	window[pos] = '/';
	pulsar_name_copy(window + pos + 1, name.name, name.len);
	w->pos = pos;
}

/* The end of the walk at a dentry that is its own parent, but no root of a mount. */
static __always_inline void pulsar_walk_unplaced(__u8 *window, struct dentry *dentry)
{
	struct super_block *sb = BPF_CORE_READ(dentry, d_sb);
	struct qstr name = {};
	char text[48];
	char first = 0;
	long n;

	if (dentry == BPF_CORE_READ(sb, s_root))
		return; /* of a filesystem, which was left by way of a bind mount */
	BPF_CORE_READ_INTO(&name, dentry, d_name);
	bpf_probe_read_kernel(&first, sizeof(first), name.name);
	if (name.len > 1 || (name.len && first != '/')) {
		pulsar_walk_prepend(window, name.name, name.len, false);
		return;
	}
	/* Pipes, namespaces, and what was opened by a handle. */
	n = BPF_SNPRINTF(text, sizeof(text), "%s:[%lu]", BPF_CORE_READ(sb, s_type, name),
			 BPF_CORE_READ(dentry, d_inode, i_ino));
	if (n > 1 && n <= (long)sizeof(text))
		pulsar_walk_prepend(window, text, n - 1, false);
}

/*
 * From the root of a mount to where it is mounted; 1: nowhere, it is the root of a namespace or
 * detached.
 */
static __always_inline long pulsar_walk_cross(struct pulsar_walk *w)
{
	struct mount *mount = w->mount;
	struct mount *over = pulsar_read(struct mount, mount, mnt_parent);

	if (over == mount)
		return 1;
	w->dentry = pulsar_read(struct mount, mount, mnt_mountpoint);
	w->mount = over;
	w->mount_root = pulsar_read(struct mount, over, mnt.mnt_root);
	return 0;
}

static __always_inline bool pulsar_walk_at_root(const struct pulsar_walk *w)
{
	return w->dentry == w->root_dentry && w->mount == w->root_mount;
}

/* One component or one mount; 1 ends the walk. */
static long pulsar_walk_step(__u32 step, void *arg)
{
	__u8 *window = *(__u8 **)arg;
	struct pulsar_walk *w = pulsar_walk(window);
	struct dentry *dentry = w->dentry;
	struct dentry *parent;

	if (pulsar_walk_at_root(w))
		return 1;
	if (dentry == w->mount_root)
		return pulsar_walk_cross(w);
	parent = pulsar_read(struct dentry, dentry, d_parent);
	if (parent == dentry) {
		pulsar_walk_unplaced(window, dentry);
		return 1;
	}
	pulsar_walk_name(window, dentry);
	w->dentry = parent;
	return 0;
}

/* A walk from (mnt, dentry) to the root of `fs`, in a window of PULSAR_PATH_WINDOW bytes. */
static __always_inline struct pulsar_walk *
pulsar_walk_begin(__u8 *window, struct vfsmount *mnt, struct dentry *dentry, struct fs_struct *fs)
{
	struct pulsar_walk *w = pulsar_walk(window);

	w->dentry = dentry;
	w->mount = pulsar_mount(mnt);
	w->mount_root = pulsar_read(struct vfsmount, mnt, mnt_root);
	w->root_dentry = pulsar_read(struct fs_struct, fs, root.dentry);
	w->root_mount = pulsar_mount(pulsar_read(struct fs_struct, fs, root.mnt));
	w->pos = PULSAR_PATH_MAX - 1;
	w->full = 0;
	w->ups = 0;
	return w;
}

/*
 * Writes the path to the start of the window, without a NUL. Returns its length, below PATH_MAX;
 * w->full is the length that the whole path has: a longer one keeps its end.
 */
static __always_inline __u32 pulsar_walk_end(__u8 *window)
{
	struct pulsar_walk *w = pulsar_walk(window);
	__u32 len;

	bpf_loop(PULSAR_PATH_STEPS, pulsar_walk_step, &window, 0);
	if (!w->full) { /* the root itself */
		window[0] = '/';
		w->full = 1;
		return 1;
	}
	len = (PULSAR_PATH_MAX - 1 - w->pos) & (PULSAR_PATH_MAX - 1);
	/* Downwards in memory, so an overlap does no harm: the copy ascends. */
	bpf_probe_read_kernel(window, len, window + (w->pos & (PULSAR_PATH_MAX - 1)));
	return len;
}

/* Both in one: the path of (mnt, dentry), and in *full the length that the whole path has. */
static __always_inline __u32 pulsar_walk_path(__u8 *window, struct vfsmount *mnt,
					      struct dentry *dentry, struct fs_struct *fs,
					      __u32 *full)
{
	struct pulsar_walk *w = pulsar_walk_begin(window, mnt, dentry, fs);
	__u32 len = pulsar_walk_end(window);

	*full = w->full;
	return len;
}

#endif
