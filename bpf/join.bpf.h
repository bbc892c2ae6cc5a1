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

/*
 * The work on the text. It lies at the start of the window, where the path comes later: of what is
 * in a map the verifier keeps no account, while on the stack each value would be one more case.
 */
struct pulsar_join {
	__u32 out;   /* bytes of the text that are written: "/a/b" */
	__u32 start; /* where the component in work begins, with its slash */
	__u32 ups;   /* ".." at the front */
	__u32 open;  /* there is a component in work */
	__u32 named; /* a component was kept */
};

/* Keeps the component in work, or not. */
static __always_inline void pulsar_join_close(struct pulsar_join *j, const __u8 *text)
{
	__u32 start = j->start & (PULSAR_PATH_MAX - 1);
	__u32 len = j->out - j->start;

	if (!j->open)
		return;
	j->open = 0;
	if (len == 2 && text[start + 1] == '.') {
		j->out = start;
	} else if (len == 3 && text[start + 1] == '.' && text[start + 2] == '.' && !j->named) {
		j->out = start;
		j->ups++;
	} else {
		j->named = 1;
	}
}

/* One byte of the text; 1 after the last. */
static long pulsar_join_step(__u32 step, void *arg)
{
	__u8 **window = arg;
	struct pulsar_join *j = (struct pulsar_join *)*window;
	__u32 out = j->out & (PULSAR_PATH_MAX - 1);
	__u8 *text = *window + PULSAR_JOIN_TEXT;
	__u8 c = text[(step & (PULSAR_PATH_MAX - 1)) + 1];

	if (!c || c == '/') {
		pulsar_join_close(j, text);
		return !c;
	}
	if (!j->open) {
		j->open = 1;
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
	struct pulsar_walk *w = pulsar_walk(*(__u8 **)arg);
	struct dentry *dentry = w->dentry;

	if (!w->ups || pulsar_walk_at_root(w))
		return 1;
	if (dentry == w->mount_root)
		return pulsar_walk_cross(w);
	w->dentry = pulsar_read(struct dentry, dentry, d_parent);
	w->ups--;
	return 0;
}

/*
 * The path of the directory that relative names begin at: its length; *full is 0 if there is none.
 */
static __always_inline __u32 pulsar_join_base(__u8 *window, int dfd, __u32 ups, __u32 *full)
{
	struct fs_struct *fs = pulsar_task()->fs;
	struct pulsar_walk *w = pulsar_walk(window);
	struct file *file;
	__u32 len;

	*full = 0;
	if (dfd == PULSAR_AT_FDCWD) {
		pulsar_walk_begin(window, fs->pwd.mnt, fs->pwd.dentry, fs);
	} else {
		file = pulsar_file(dfd);
		if (!file)
			return 0;
		pulsar_walk_begin(window, pulsar_read(struct file, file, f_path.mnt),
				  pulsar_read(struct file, file, f_path.dentry), fs);
	}
	w->ups = ups;
	if (ups)
		bpf_loop(PULSAR_PATH_STEPS, pulsar_join_up, &window, 0);
	len = pulsar_walk_end(window);
	*full = w->full;
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
 * system call that was given it with `dfd`. Not inlined: the verifier then goes on from one state
 * and not from each of those that there are in here.
 */
static __noinline int pulsar_path_named(struct pulsar_event *e, struct pulsar_string *to, int dfd,
					const char *name, bool user)
{
	__u8 *window = pulsar_path_room(e, to), *text;
	struct pulsar_join *j = (struct pulsar_join *)window;
	__u32 base = 0, full = 0, out, len;
	bool absolute;
	long n;

	if (!window)
		return 0;
	to->full = 1; /* until it is known: cut */
	text = window + PULSAR_JOIN_TEXT;
	n = user ? bpf_probe_read_user_str(text + 1, PULSAR_PATH_MAX, name)
		 : bpf_probe_read_kernel_str(text + 1, PULSAR_PATH_MAX, name);
	if (n < 0)
		return 0;
	if (!n) /* what 6.1 says of an empty string */
		text[1] = '\0';
	absolute = text[1] == '/'; /* now: text[1] becomes the first byte of the first name */
	__builtin_memset(j, 0, sizeof(*j));
	bpf_loop(PULSAR_PATH_MAX, pulsar_join_step, &window, 0);
	out = j->out;
	if (!absolute) {
		base = pulsar_join_base(window, dfd, j->ups, &full);
		if (!full)
			return 0;
	}
	if (out && base == 1 && window[0] == '/') {
		base = 0;
		full = 0;
	}
	full += out;
	len = pulsar_join_both(window, base, out);
	if (!full) { /* the root itself */
		window[0] = '/';
		len = full = 1;
	}
	pulsar_path_done(e, to, len, full);
	return 0;
}

/* The same of a name in memory of the current process. */
static __always_inline void pulsar_path_user(struct pulsar_event *e, struct pulsar_string *to,
					     int dfd, const char *name)
{
	pulsar_path_named(e, to, dfd, name, true);
}

#endif
