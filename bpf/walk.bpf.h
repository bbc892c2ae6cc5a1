/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Full paths, across mounts, as the acting process's own root sees them.
 * bpf_d_path() would do it, but only in a short list of functions
 * (btf_allowlist_d_path, kernel/trace/bpf_trace.c), so the walk is done here:
 * from the dentry up to the root of its mount, over to the mount point, and so
 * on to the root of the process.
 */
#ifndef PULSAR_WALK_BPF_H
#define PULSAR_WALK_BPF_H

/*
 * A path grows from its end towards its front in a window, and is then moved
 * to the window's start. The room beyond PATH_MAX keeps every write inside the
 * window for the verifier's bounds.
 */
#define PULSAR_PATH_MAX	   4096 /* PATH_MAX, include/uapi/linux/limits.h */
#define PULSAR_NAME_MAX	   255 /* NAME_MAX, include/uapi/linux/limits.h */
#define PULSAR_PATH_WINDOW (PULSAR_PATH_MAX + PULSAR_NAME_MAX + 1)
/* Components and mounts together; a path of 4096 bytes has at most 2048 components. */
#define PULSAR_PATH_STEPS  2304

struct pulsar_walk {
	struct dentry *dentry;
	struct mount *mount;
	struct dentry *mount_root;
	struct dentry *root_dentry;
	struct mount *root_mount;
	__u8 *window;
	__u32 pos;  /* where the path begins in the window */
	__u32 full; /* bytes that the whole path has */
};

static __always_inline struct mount *pulsar_mount(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline void pulsar_walk_prepend(struct pulsar_walk *w, struct dentry *dentry,
						bool slash)
{
	__u32 len = BPF_CORE_READ(dentry, d_name.len) & PULSAR_NAME_MAX;
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	__u32 pos = w->pos;

	w->full += len + slash;
	if (pos < len + slash) {
		w->pos = 0; /* no room: what follows at the front is cut */
		return;
	}
	/* The masks change nothing; they are how the verifier learns the bounds. */
	pos = (pos - len) & (PULSAR_PATH_MAX - 1);
	bpf_probe_read_kernel(w->window + pos, len, name);
	if (slash) {
		pos = (pos - 1) & (PULSAR_PATH_MAX - 1);
		w->window[pos] = '/';
	}
	w->pos = pos;
}

/* One component or one mount; 1 ends the walk. */
static long pulsar_walk_step(__u32 step, void *arg)
{
	struct pulsar_walk *w = arg;
	struct dentry *dentry = w->dentry;
	struct mount *mount = w->mount;
	struct dentry *parent;

	if (dentry == w->root_dentry && mount == w->root_mount)
		return 1;
	if (dentry == w->mount_root) {
		struct mount *over = BPF_CORE_READ(mount, mnt_parent);

		if (over == mount)
			return 1; /* the namespace's root: outside the root of the process, or it is detached */
		w->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		w->mount = over;
		w->mount_root = BPF_CORE_READ(over, mnt.mnt_root);
		return 0;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	if (parent == dentry) {
		/* Files without a place in a tree: memfd and the like have a name, but no path. */
		pulsar_walk_prepend(w, dentry, false);
		return 1;
	}
	pulsar_walk_prepend(w, dentry, true);
	w->dentry = parent;
	return 0;
}

/*
 * Writes the path of (mnt, dentry), as the root of `fs` sees it, to the start of `window`
 * (PULSAR_PATH_WINDOW bytes), without a NUL. Returns its length, below PATH_MAX, and in
 * *full the length that the whole path has: a longer one keeps its end.
 */
static __always_inline __u32 pulsar_walk_path(__u8 *window, struct vfsmount *mnt,
					      struct dentry *dentry, struct fs_struct *fs,
					      __u32 *full)
{
	struct pulsar_walk w = {};
	__u32 len;

	w.window = window;
	w.dentry = dentry;
	w.mount = pulsar_mount(mnt);
	w.mount_root = BPF_CORE_READ(mnt, mnt_root);
	w.root_dentry = BPF_CORE_READ(fs, root.dentry);
	w.root_mount = pulsar_mount(BPF_CORE_READ(fs, root.mnt));
	w.pos = PULSAR_PATH_MAX - 1;
	bpf_loop(PULSAR_PATH_STEPS, pulsar_walk_step, &w, 0);
	*full = w.full;
	if (!w.full) { /* the root itself */
		window[0] = '/';
		*full = 1;
		return 1;
	}
	if (w.pos > PULSAR_PATH_MAX - 1)
		return 0;
	len = (PULSAR_PATH_MAX - 1 - w.pos) & (PULSAR_PATH_MAX - 1);
	/* Downwards in memory, so an overlap does no harm: the copy ascends. */
	bpf_probe_read_kernel(window, len, window + w.pos);
	return len;
}

#endif
