/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How the process table is kept. For core, and for a module whose own programs
 * sit on the same tracepoints: they run in the order in which they were attached,
 * which an upgrade of core turns round. So each of them calls these functions;
 * the first one does the work, the others find it done.
 *
 * Who writes an entry: fork makes it whole; exec rewrites it in place, so that
 * a pointer to it stays good; sched_process_free deletes it. A deleted entry's memory
 * may be another process's at once (bpf_mem_alloc), so whoever looks up an
 * entry of a process that is not the current one must know that it cannot go meanwhile,
 * or look again afterwards.
 */
#ifndef PULSAR_PROCESS_BPF_H
#define PULSAR_PROCESS_BPF_H

#include "container.bpf.h"
#include "decide.bpf.h"
#include "walk.bpf.h"

#define PROCESS_E2BIG	      7
#define PROCESS_PF_FORKNOEXEC 0x40 /* forked but did not exec, include/linux/sched.h */

/*
 * Work memory of one CPU: the kernel does not let programs here migrate. Interrupts, and
 * other tasks on preemptible kernels, come in between, so each is claimed by itself.
 */
#define PROCESS_SCRATCH_LEVELS 4

struct process_scratch {
	__u64 busy;
	struct pulsar_process process;
	struct container_name name;
	__u8 window[PULSAR_PATH_WINDOW];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROCESS_SCRATCH_LEVELS);
	__type(key, __u32);
	__type(value, struct process_scratch);
} core_scratch SEC(".maps");

static __always_inline struct process_scratch *process_scratch_claim(void)
{
	for (__u32 level = 0; level < PROCESS_SCRATCH_LEVELS; level++) {
		__u32 key = level;
		struct process_scratch *s = bpf_map_lookup_elem(&core_scratch, &key);

		if (s && __sync_val_compare_and_swap(&s->busy, 0, 1) == 0)
			return s;
	}
	return NULL;
}

static __always_inline void process_scratch_release(struct process_scratch *s)
{
	*(volatile __u64 *)&s->busy = 0;
}

static __always_inline struct pulsar_process *process_find(__u32 tgid)
{
	return bpf_map_lookup_elem(&core_processes, &tgid);
}

/* ---- one entry ---- */

static __always_inline void process_write_begin(struct pulsar_process *p)
{
	__sync_fetch_and_add(&p->version, PULSAR_PROCESS_BEGIN);
}

static __always_inline void process_write_end(struct pulsar_process *p)
{
	__sync_fetch_and_add(&p->version, PULSAR_PROCESS_END);
}

/* The path of `file` as `task` sees it; without one (kernel threads) there is no image. */
static __always_inline void process_image(struct process_scratch *s, struct pulsar_process *p,
					  struct task_struct *task, struct file *file)
{
	__u32 full = 0, len = 0;

	if (file)
		len = pulsar_walk_path(s->window, BPF_CORE_READ(file, f_path.mnt),
				       BPF_CORE_READ(file, f_path.dentry), BPF_CORE_READ(task, fs),
				       &full);
	if (len > PULSAR_IMAGE_LEN - 1)
		len = PULSAR_IMAGE_LEN - 1;
	/* The mask changes nothing; it is how the verifier learns the bound, of this one register. */
	barrier_var(len);
	len &= PULSAR_IMAGE_LEN - 1;
	/* Reading from nowhere fills with zeros. */
	bpf_probe_read_kernel(p->image, PULSAR_IMAGE_LEN, NULL);
	bpf_probe_read_kernel(p->image, len, s->window);
	p->image_len = len;
	p->image_full = full;
}

/* Tasks come from the kernel as such, so plain loads do: a helper for each costs ten times as much. */
static __always_inline void process_ids(struct pulsar_process *p, struct task_struct *task)
{
	p->uid = task->cred->uid.val;
	p->gid = task->cred->gid.val;
	p->ppid = task->real_parent->tgid;
	bpf_probe_read_kernel(p->comm, sizeof(p->comm), task->comm);
}

/* Where it is: cgroup and container. A reader never sees half an id: its length is 0 meanwhile. */
static __always_inline void process_place(struct process_scratch *s, struct pulsar_process *p,
					  struct css_set *css)
{
	p->cgroup_id = BPF_CORE_READ(css, dfl_cgrp, kn, id);
	*(volatile __u16 *)&p->container_len = 0;
	if (!container_find(&s->name, css))
		return;
	__builtin_memcpy(p->container_id, s->name.id, sizeof(p->container_id));
	*(volatile __u16 *)&p->container_len = PULSAR_CONTAINER_LEN;
}

/* Decides by the filters, from p->heritage. */
static __always_inline void process_decide(struct pulsar_process *p, __u32 tgid, bool by_image)
{
	struct filter_decision d = {};

	d.heritage = p->heritage;
	filter_decide(&d, p, tgid, by_image);
	p->filters = d.filters;
	p->heritage = d.heritage;
}

/* ---- entering ---- */

static __always_inline void process_count_missed(int err)
{
	struct pulsar_core_state *state = core_state_get();

	if (!state)
		return;
	if (err != -PROCESS_E2BIG) {
		__sync_fetch_and_add(&state->missed, 1);
		return;
	}
	state->refused_ns = bpf_ktime_get_boot_ns();
	__sync_fetch_and_add(&state->refused, 1);
}

static __always_inline int process_insert(struct process_scratch *s, __u32 tgid, __u64 how)
{
	struct pulsar_core_state *state = core_state_get();
	struct pulsar_process *p;
	int err; /* before 6.4 the upper half of what is returned is not the sign */

	if (!state)
		return -1;
	s->process.seen = *(volatile __u32 *)&state->pass;
	err = bpf_map_update_elem(&core_processes, &tgid, &s->process, how);
	if (err) {
		if (how != BPF_NOEXIST || err == -PROCESS_E2BIG)
			process_count_missed(err);
		return err;
	}
	/* A pass that began in between may have been here already, and would take this for a leftover. */
	if (s->process.seen != *(volatile __u32 *)&state->pass) {
		p = process_find(tgid);
		if (p)
			p->seen = state->pass;
	}
	return 0;
}

/* A process without an entry, from what the kernel knows of it. */
static __always_inline int process_enter(struct task_struct *task, struct file *file, __u64 how)
{
	__u32 tgid = task->tgid, parent_tgid = task->real_parent->tgid;
	struct process_scratch *s = process_scratch_claim();
	struct pulsar_process *p, *parent;
	int err;

	if (!s) {
		process_count_missed(0);
		return -1;
	}
	p = &s->process;
	__builtin_memset(p, 0, offsetof(struct pulsar_process, image));
	/* Before the image: an exec in between is then entered again. */
	p->exec_id = (__u32)task->self_exec_id;
	p->start_time_ns = task->group_leader->start_boottime;
	process_ids(p, task);
	process_place(s, p, task->cgroups);
	process_image(s, p, task, file);
	parent = process_find(parent_tgid);
	if (parent) {
		p->generation = parent->generation;
		p->heritage = parent->heritage;
	}
	process_decide(p, tgid, !(task->flags & PROCESS_PF_FORKNOEXEC));
	err = process_insert(s, tgid, how);
	process_scratch_release(s);
	return err;
}

/* ---- fork, exec ---- */

static __always_inline void process_copy(struct process_scratch *s, struct pulsar_process *parent,
					 struct task_struct *child)
{
	struct pulsar_process *p = &s->process;
	struct css_set *css = child->cgroups;

	bpf_probe_read_kernel(p, sizeof(*p), parent);
	p->start_time_ns = child->start_boottime;
	p->exec_id = (__u32)child->self_exec_id;
	p->version = 0;
	p->flags = 0;
	p->filters = p->heritage;
	process_ids(p, child);
	/* CLONE_INTO_CGROUP, or a parent that is being moved or whose threads are elsewhere. */
	if (p->cgroup_id != css->dfl_cgrp->kn->id ||
	    css != child->real_parent->group_leader->cgroups)
		process_place(s, p, css);
}

/* Enters a process that was just made; `parent` is the task that made it. */
static __always_inline void process_fork(struct task_struct *parent, struct task_struct *child)
{
	struct pulsar_process *p = process_find(child->tgid), *from;
	struct process_scratch *s;

	parent = pulsar_plain(struct task_struct, parent);
	child = pulsar_plain(struct task_struct, child);
	if (p && p->start_time_ns == child->start_boottime)
		return; /* done, by another program on this tracepoint */
	from = process_find(parent->tgid);
	if (!from) {
		/* The table was full, or the iterator did not meet it. */
		process_enter(parent, BPF_CORE_READ(parent, mm, exe_file), BPF_NOEXIST);
		process_enter(child, BPF_CORE_READ(child, mm, exe_file), BPF_ANY);
		return;
	}
	s = process_scratch_claim();
	if (!s) {
		process_count_missed(0);
		return;
	}
	process_copy(s, from, child);
	process_insert(s, child->tgid, BPF_ANY);
	process_scratch_release(s);
}

/* Enters what the process runs from now on; `task` is the current one. */
static __always_inline void process_exec(struct task_struct *task, struct linux_binprm *bprm)
{
	struct pulsar_process *p = process_find(task->tgid);
	struct process_scratch *s;

	task = pulsar_plain(struct task_struct, task);
	bprm = pulsar_plain(struct linux_binprm, bprm);
	if (!p || p->start_time_ns != task->start_boottime) {
		process_enter(task, bprm->file, BPF_ANY);
		return;
	}
	if (p->exec_id == (__u32)task->self_exec_id)
		return; /* done */
	s = process_scratch_claim();
	process_write_begin(p);
	if (s) {
		process_image(s, p, task, bprm->file);
		process_scratch_release(s);
	} else {
		p->image_len = 0; /* rather none than the one before */
		process_count_missed(0);
	}
	process_ids(p, task);
	process_decide(p, task->tgid, true);
	p->exec_id = (__u32)task->self_exec_id;
	process_write_end(p);
}

#endif
