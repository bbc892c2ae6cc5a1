/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Paths as a system call was given them: for a hook that has nothing better than
 * the arguments. Relative ones are joined to the directory's path; "." and
 * "//" go, and so does ".." at the front, level by level as the kernel goes.
 *
 * Symbolic links are not followed. So the result is a right name of the file, but
 * not always the one without links that the other hooks have, and a ".." behind
 * another name stays as it is: what it leads to depends on whether that is a link.
 * The name is read after the kernel has read it: a process can change it in between.
 */
#ifndef PULSAR_JOIN_BPF_H
#define PULSAR_JOIN_BPF_H

#include "pulsar.bpf.h"

#define PULSAR_AT_FDCWD -100 /* include/uapi/linux/fcntl.h */

/* Argument n of the system call that the current process is in, also at its exit. */
#define pulsar_argument(n) \
	PT_REGS_PARM##n##_SYSCALL((struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()))

/*
 * The text begins where the path before it ends at the latest: at the window's byte PATH_MAX - 1.
 * Its first byte is for the slash of the first component, so that writing never overtakes reading.
 */
#define PULSAR_JOIN_TEXT (PULSAR_PATH_MAX - 1)

struct pulsar_join {
	__u8 *text;
	__u32 out;   /* bytes of `text` that are written: "/a/b" */
	__u32 start; /* where the component in work begins, with its slash */
	__u32 ups;   /* ".." at the front */
	bool open;   /* there is a component in work */
	bool named;  /* a component was kept */
};

/* Keeps the component in work, or not. */
static __always_inline void pulsar_join_close(struct pulsar_join *j)
{
	__u32 start = j->start & (PULSAR_PATH_MAX - 1);
	__u32 len = j->out - j->start;

	if (!j->open)
		return;
	j->open = false;
	if (len == 2 && j->text[start + 1] == '.') {
		j->out = start;
	} else if (len == 3 && j->text[start + 1] == '.' && j->text[start + 2] == '.' &&
		   !j->named) {
		j->out = start;
		j->ups++;
	} else {
		j->named = true;
	}
}

/* One byte of the text; 1 after the last. */
static long pulsar_join_step(__u32 step, void *arg)
{
	struct pulsar_join *j = arg;
	__u32 out = j->out & (PULSAR_PATH_MAX - 1);
	__u8 *text = j->text;
	__u8 c = text[(step & (PULSAR_PATH_MAX - 1)) + 1];

	if (!c || c == '/') {
		pulsar_join_close(j);
		return !c;
	}
	if (!j->open) {
		j->open = true;
		j->start = out;
		text[out] = '/';
		out++;
	}
	text[out] = c;
	j->out = out + 1;
	return 0;
}

/* One level up, or over a mount, as ".." goes; 1 ends it. */
static long pulsar_join_up(__u32 step, void *arg)
{
	struct pulsar_walk *w = arg;

	if (!w->ups || pulsar_walk_at_root(w))
		return 1;
	if (w->dentry == w->mount_root)
		return pulsar_walk_cross(w);
	w->dentry = pulsar_read(struct dentry, w->dentry, d_parent);
	w->ups--;
	return 0;
}

/*
 * The path of the directory that relative names begin at: its length; *full is 0 if there is none.
 */
static __always_inline __u32 pulsar_join_base(__u8 *window, int dfd, __u32 ups, __u32 *full)
{
	struct fs_struct *fs = bpf_get_current_task_btf()->fs;
	struct pulsar_walk w;
	struct file *file;
	__u32 len;

	*full = 0;
	if (dfd == PULSAR_AT_FDCWD) {
		pulsar_walk_begin(&w, window, fs->pwd.mnt, fs->pwd.dentry, fs);
	} else {
		file = pulsar_file(dfd);
		if (!file)
			return 0;
		pulsar_walk_begin(&w, window, pulsar_read(struct file, file, f_path.mnt),
				  pulsar_read(struct file, file, f_path.dentry), fs);
	}
	w.ups = ups;
	if (ups)
		bpf_loop(PULSAR_PATH_STEPS, pulsar_join_up, &w, 0);
	len = pulsar_walk_end(&w);
	*full = w.full;
	return len;
}

/*
 * The path before it, of which `base` bytes stand at the window's start, and the text: the length
 * of both.
 */
static __always_inline __u32 pulsar_join_both(__u8 *window, __u32 base, __u32 out)
{
	__u8 *text = window + PULSAR_JOIN_TEXT;
	__u32 skip = base + out > PULSAR_PATH_MAX - 1 ? base + out - (PULSAR_PATH_MAX - 1) : 0;

	/* Too long: the end stays. */
	if (skip > base) {
		text += (skip - base) & (PULSAR_PATH_MAX - 1);
		out -= skip - base;
		base = 0;
	} else if (skip) {
		base = (base - skip) & (PULSAR_PATH_MAX - 1);
		bpf_probe_read_kernel(window, base, window + (skip & (PULSAR_PATH_MAX - 1)));
	}
	base &= PULSAR_PATH_MAX - 1;
	bpf_probe_read_kernel(window + base, out & (PULSAR_PATH_MAX - 1), text);
	return base + out;
}

/*
 * Appends the path that `name`, in memory of the current process or of the kernel, means to a
 * system call that was given it with `dfd`.
 */
static __always_inline void pulsar_path_named(struct pulsar_event *e, struct pulsar_string *to,
					      int dfd, const char *name, bool user)
{
	__u8 *window = pulsar_path_room(e, to);
	__u32 base = 0, full = 0, len;
	struct pulsar_join j = {};
	bool absolute;
	long len_read;

	if (!window)
		return;
	to->full = 1; /* until it is known: cut */
	j.text = window + PULSAR_JOIN_TEXT;
	len_read = user ? bpf_probe_read_user_str(j.text + 1, PULSAR_PATH_MAX, name)
			: bpf_probe_read_kernel_str(j.text + 1, PULSAR_PATH_MAX, name);
	if (len_read <= 0)
		return;
	absolute = j.text[1] == '/';
	bpf_loop(PULSAR_PATH_MAX, pulsar_join_step, &j, 0);
	if (!absolute) {
		base = pulsar_join_base(window, dfd, j.ups, &full);
		if (!full)
			return;
	}
	if (j.out && base == 1 && window[0] == '/') {
		base = 0;
		full = 0;
	}
	full += j.out;
	len = pulsar_join_both(window, base, j.out);
	if (!full) { /* the root itself */
		window[0] = '/';
		len = full = 1;
	}
	pulsar_path_done(e, to, len, full);
}

static __always_inline void pulsar_path_user(struct pulsar_event *e, struct pulsar_string *to,
					     int dfd, const char *name)
{
	pulsar_path_named(e, to, dfd, name, true);
}

#endif
