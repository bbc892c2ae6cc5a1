/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The part of process-monitor that tells of the end of processes, and of the orphans they leave. */
#ifndef PULSAR_PROCESS_EXIT_BPF_H
#define PULSAR_PROCESS_EXIT_BPF_H

#define SIGNAL_GROUP_EXIT 0x00000004 /* include/linux/sched/signal.h */

/* How the process ended, as its parent is told (wait_task_zombie(), kernel/exit.c). */
static __always_inline __u32 exit_status(struct task_struct *task)
{
	struct signal_struct *signal = task->signal;

	if (signal->flags & SIGNAL_GROUP_EXIT)
		return signal->group_exit_code;
	return task->group_leader->exit_code;
}

static __always_inline void exit_event(void *ctx, struct task_struct *task)
{
	__u32 status = exit_status(task);
	struct exit *e = pulsar_begin(struct exit);

	if (!e)
		return;
	e->signal = status & 0x7f;
	e->core_dumped = !!(status & 0x80);
	e->exit_code = e->signal ? -1 : (__s32)(status >> 8 & 0xff);
	pulsar_submit(ctx, e);
}

static __always_inline void parent_changed(struct family *f, __u32 tgid)
{
	struct told *t = bpf_map_lookup_elem(&told, &tgid);
	struct change_parent *e;

	/* The last threads of the parent may come here at the same time: one tells it. */
	if (t && __sync_lock_test_and_set(&t->ppid, f->reaper) == f->reaper)
		return;
	e = pulsar_begin_for(struct change_parent, tgid);
	if (!e)
		return;
	e->event.ppid = f->reaper;
	e->ppid = f->reaper;
	pulsar_submit(f->ctx, e);
}

static long orphan_adopted(__u32 step, void *arg)
{
	struct family *f = arg;
	struct task_struct *orphan;

	if (!family_step(f, &orphan))
		return 1;
	if (orphan)
		parent_changed(f, BPF_CORE_READ(orphan, tgid));
	return 0;
}

/* Threads that end at the same time all see that none is left. True for one of them. */
static __always_inline bool exit_first(__u32 tgid)
{
	struct pulsar_process *p = process_find(tgid);

	return !p || !(__sync_fetch_and_or(&p->flags, PULSAR_PROCESS_ENDED) & PULSAR_PROCESS_ENDED);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(exit__tp_btf, struct task_struct *task)
{
	struct family f = {};
	__u32 tgid;

	task = pulsar_plain(struct task_struct, task);
	tgid = task->tgid;
	if ((task->flags & PF_KTHREAD) || !family_ended(task))
		return 0;
	if (exit_first(tgid))
		exit_event(ctx, task);
	bpf_map_delete_elem(&told, &tgid);
	f.ctx = ctx;
	if (family_begin(&f, task))
		bpf_loop(FAMILY_STEPS, orphan_adopted, &f, 0);
	return 0;
}

#endif
