/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * core: the process table. An entry appears with fork, is rewritten by exec, and
 * goes when the kernel frees the last task of the process, so that what a dying
 * process still does after its exit (closing files and sockets) is attributed.
 * Processes older than Pulsar are entered by the task iterator.
 */
#include "core.bpf.h"
#include "walk.bpf.h"

/* An entry under construction. More than one: the iterator can be preempted. */
#define LEVELS 4

struct core_scratch {
	__u64 busy;
	struct pulsar_process process;
	__u8 window[PULSAR_PATH_WINDOW];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LEVELS);
	__type(key, __u32);
	__type(value, struct core_scratch);
} scratch SEC(".maps");

static __always_inline struct core_scratch *scratch_claim(void)
{
	__u32 first = bpf_get_smp_processor_id() * LEVELS;

	for (__u32 level = 0; level < LEVELS; level++) {
		__u32 key = first + level;
		struct core_scratch *s = bpf_map_lookup_elem(&scratch, &key);

		if (s && __sync_val_compare_and_swap(&s->busy, 0, 1) == 0)
			return s;
	}
	return NULL;
}

static __always_inline void scratch_release(struct core_scratch *s)
{
	*(volatile __u64 *)&s->busy = 0;
}

/* The image of `file` as `task` sees it. */
static __always_inline void process_image(struct core_scratch *s, struct task_struct *task,
					  struct file *file)
{
	struct pulsar_process *p = &s->process;
	__u32 full = 0, len;

	p->image_len = 0;
	p->image_full = 0;
	if (!file)
		return; /* a kernel thread */
	len = pulsar_walk_path(s->window, BPF_CORE_READ(file, f_path.mnt),
			       BPF_CORE_READ(file, f_path.dentry), BPF_CORE_READ(task, fs), &full);
	if (len > PULSAR_IMAGE_LEN - 1)
		len = PULSAR_IMAGE_LEN - 1;
	bpf_probe_read_kernel(p->image, len & (PULSAR_IMAGE_LEN - 1), s->window);
	p->image_len = len;
	p->image_full = full;
}

static __always_inline void process_ids(struct pulsar_process *p, struct task_struct *task)
{
	p->start_time_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	p->ppid = BPF_CORE_READ(task, real_parent, tgid);
	p->uid = BPF_CORE_READ(task, cred, uid.val);
	p->gid = BPF_CORE_READ(task, cred, gid.val);
	p->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	bpf_probe_read_kernel(p->comm, sizeof(p->comm), task->comm);
}

static __always_inline void process_enter(struct task_struct *task, struct file *file, __u64 how)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);
	struct core_scratch *s = scratch_claim();

	if (!s)
		return;
	__builtin_memset(&s->process, 0, offsetof(struct pulsar_process, image));
	process_ids(&s->process, task);
	process_image(s, task, file);
	bpf_map_update_elem(&core_processes, &tgid, &s->process, how);
	scratch_release(s);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(fork__tp_btf, struct task_struct *parent, struct task_struct *child)
{
	__u32 parent_tgid = parent->tgid, tgid = child->tgid;
	struct pulsar_process *p;
	struct core_scratch *s;

	if (child->pid != child->tgid)
		return 0; /* a thread */
	p = bpf_map_lookup_elem(&core_processes, &parent_tgid);
	if (!p) {
		process_enter(child, BPF_CORE_READ(child, mm, exe_file), BPF_ANY);
		return 0;
	}
	s = scratch_claim();
	if (!s)
		return 0;
	bpf_probe_read_kernel(&s->process, sizeof(s->process), p);
	process_ids(&s->process, child);
	bpf_map_update_elem(&core_processes, &tgid, &s->process, BPF_ANY);
	scratch_release(s);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec__tp_btf, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	process_enter(task, bprm->file, BPF_ANY);
	return 0;
}

SEC("tp_btf/sched_process_free")
int BPF_PROG(free__tp_btf, struct task_struct *task)
{
	__u32 tgid = task->tgid;
	struct pulsar_process *p;

	if (task->pid != task->tgid)
		return 0;
	/* The number may belong to a new process already: this runs after a grace period. */
	p = bpf_map_lookup_elem(&core_processes, &tgid);
	if (p && p->start_time_ns == task->start_boottime)
		bpf_map_delete_elem(&core_processes, &tgid);
	return 0;
}

SEC("iter/task")
int seed__iter(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task || task->pid != task->tgid)
		return 0;
	/* Whatever fork and exec have entered meanwhile is newer. */
	process_enter(task, BPF_CORE_READ(task, mm, exe_file), BPF_NOEXIST);
	return 0;
}
