/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Orphans: the children of a process that ends, and who will be their parent.
 * Nothing can be hooked after the kernel has moved them (forget_original_parent() in
 * kernel/exit.c), so the new parent is found here by the same rules, when
 * the last thread of the process passes sched_process_exit.
 */
#ifndef PULSAR_FAMILY_BPF_H
#define PULSAR_FAMILY_BPF_H

#include "core.bpf.h"

#define FAMILY_STEPS	 65536 /* threads and children looked at */
#define FAMILY_ANCESTORS 256

/* Has the last thread of the process come here? Several may see it, if they end at the same time. */
static __always_inline bool family_ended(struct task_struct *task)
{
	return task->signal->live.counter == 0;
}

/* ---- who takes the orphans ---- */

struct family_ancestry {
	struct task_struct *task;
	struct task_struct *reaper; /* found */
	__u32 level;
};

static __always_inline __u32 family_level(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_pid, level);
}

static long family_ancestor(__u32 step, void *arg)
{
	struct family_ancestry *a = arg;
	struct task_struct *task = a->task;
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	struct signal_struct *signal = BPF_CORE_READ(parent, signal);

	if (parent == task || family_level(parent) != a->level)
		return 1;
	a->task = parent;
	if (!BPF_CORE_READ_BITFIELD_PROBED(signal, is_child_subreaper))
		return 0;
	if (!BPF_CORE_READ(signal, live.counter))
		return 0;
	a->reaper = parent;
	return 1;
}

/* The namespace whose init takes orphans: numbers[] has one entry per level, the innermost last. */
static __always_inline struct pid_namespace *family_namespace(struct pid *pid, __u32 level)
{
	struct upid *numbers = (void *)pid + bpf_core_field_offset(pid->numbers);
	struct upid *own = (void *)numbers + level * bpf_core_type_size(struct upid);

	return BPF_CORE_READ(own, ns);
}

/* The tgid of who takes the children of `father`: a subreaper above it, or the init of its namespace. */
static __always_inline __u32 family_reaper(struct task_struct *father)
{
	struct signal_struct *signal = BPF_CORE_READ(father, signal);
	struct pid *pid = BPF_CORE_READ(father, thread_pid);
	struct family_ancestry a = {};
	struct pid_namespace *ns;
	struct task_struct *reaper;

	a.task = father;
	a.level = BPF_CORE_READ(pid, level);
	if (BPF_CORE_READ_BITFIELD_PROBED(signal, has_child_subreaper))
		bpf_loop(FAMILY_ANCESTORS, family_ancestor, &a, 0);
	reaper = a.reaper;
	if (!reaper) {
		ns = family_namespace(pid, a.level);
		reaper = BPF_CORE_READ(ns, child_reaper);
	}
	return BPF_CORE_READ(reaper, tgid);
}

/* ---- the orphans ---- */

struct family {
	struct list_head *threads; /* the head of the list of threads */
	struct list_head *thread;  /* where in it */
	struct list_head
		*children; /* the head of the list of one thread's children; NULL: on to the next */
	struct list_head *child;
	__u32 tgid;   /* of who ends */
	__u32 reaper; /* tgid of who takes its children */
	void *ctx;    /* for the caller */
};

/* Begins; false: there are no orphans. */
static __always_inline bool family_begin(struct family *f, struct task_struct *father)
{
	struct signal_struct *signal = father->signal;
	struct list_head *own = __builtin_preserve_access_index(&father->children);

	/* Most processes have one thread and no child. */
	if (signal->nr_threads == 1 && father->children.next == own)
		return false;
	f->threads = __builtin_preserve_access_index(&signal->thread_head);
	f->thread = f->threads;
	f->children = pulsar_hide((struct list_head *)NULL);
	f->tgid = father->tgid;
	f->reaper = family_reaper(father);
	return f->reaper && f->reaper != f->tgid;
}

static __always_inline bool family_next_thread(struct family *f)
{
	struct list_head *thread = f->thread;
	struct task_struct *task;

	thread = BPF_CORE_READ(thread, next);
	f->thread = thread;
	if (!thread || thread == f->threads)
		return false;
	task = (void *)thread - bpf_core_field_offset(struct task_struct, thread_node);
	f->children = __builtin_preserve_access_index(&task->children);
	f->child = f->children;
	return true;
}

/*
 * One step: false at the end; else *orphan is a live child that gets a new parent, or
 * NULL. Nothing is locked, so a list can lead into another one: that is seen
 * by whose child it is, and ends this thread's.
 */
static __always_inline bool family_step(struct family *f, struct task_struct **orphan)
{
	struct list_head *child = f->child;
	struct task_struct *task;
	__u32 parent;

	*orphan = NULL;
	if (!f->children)
		return family_next_thread(f);
	child = BPF_CORE_READ(child, next);
	f->child = child;
	task = (void *)child - bpf_core_field_offset(struct task_struct, sibling);
	parent = BPF_CORE_READ(task, real_parent, tgid);
	if (!child || child == f->children || parent != f->tgid) {
		f->children = NULL;
		return true;
	}
	if (!BPF_CORE_READ(task, exit_state)) /* not a zombie */
		*orphan = task;
	return true;
}

#endif
