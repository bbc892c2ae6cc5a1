/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * core: the process table. An entry appears with fork, is rewritten by exec, and
 * goes when the kernel frees the last task of the process, so that what a dying
 * process still does after its exit (closing files and sockets) is attributed.
 * Processes older than Pulsar are entered by the task iterator.
 *
 * And the filters: which processes are of interest to which module.
 */
#include "process.bpf.h"

#include "family.bpf.h"

/* Setting: entries of the process table. Each costs 2 KiB while its process lives. */
const volatile __u32 processes_max = 16384;

SEC("tp_btf/sched_process_fork")
int BPF_PROG(fork__tp_btf, struct task_struct *parent, struct task_struct *child)
{
	if (child->pid == child->tgid) /* not a thread */
		process_fork(parent, child);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec__tp_btf, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	process_exec(task, bprm);
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
	p = process_find(tgid);
	if (p && p->start_time_ns == task->start_boottime)
		bpf_map_delete_elem(&core_processes, &tgid);
	return 0;
}

/* ---- what changes while a process lives ---- */

static long orphan_adopted(__u32 step, void *arg)
{
	struct family *f = arg;
	struct task_struct *orphan;
	struct pulsar_process *p;
	__u32 tgid;

	if (!family_step(f, &orphan))
		return 1;
	tgid = BPF_CORE_READ(orphan, tgid);
	p = process_find(tgid);
	if (orphan && p)
		p->ppid = f->reaper;
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(exit__tp_btf, struct task_struct *task)
{
	struct family f = {};

	task = pulsar_plain(struct task_struct, task);
	if (family_ended(task) && family_begin(&f, task))
		bpf_loop(FAMILY_STEPS, orphan_adopted, &f, 0);
	return 0;
}

/* A process was moved to another cgroup, of any hierarchy. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(attach__tp_btf, struct cgroup *cgroup, const char *path, struct task_struct *task)
{
	struct pulsar_process *p = process_find(task->tgid);
	struct process_scratch *s;

	if (!p || task->pid != task->tgid || p->start_time_ns != task->start_boottime)
		return 0;
	s = process_scratch_claim();
	if (!s)
		return 0;
	process_place(s, p, BPF_CORE_READ(task, cgroups));
	process_scratch_release(s);
	return 0;
}

static __always_inline int credentials_changed(void)
{
	struct task_struct *task = pulsar_task();
	__u32 tgid = task->tgid;
	struct pulsar_process *p = process_find(tgid);

	if (p) {
		p->uid = task->cred->uid.val;
		p->gid = task->cred->gid.val;
	}
	return 0;
}

SEC("fexit/commit_creds")
int BPF_PROG(credentials__fentry)
{
	return credentials_changed();
}

SEC("kretprobe/commit_creds")
int BPF_KRETPROBE(credentials__kprobe)
{
	return credentials_changed();
}

#define CREDENTIALS_TP(call)                                              \
	SEC("tp/syscalls/sys_exit_" #call)                                \
	int credentials__tp__##call(struct trace_event_raw_sys_exit *ctx) \
	{                                                                 \
		return ctx->ret < 0 ? 0 : credentials_changed();          \
	}

CREDENTIALS_TP(setuid)
CREDENTIALS_TP(setgid)
CREDENTIALS_TP(setreuid)
CREDENTIALS_TP(setregid)
CREDENTIALS_TP(setresuid)
CREDENTIALS_TP(setresgid)

/* ---- cgroups that filters name, and those below them ---- */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct pulsar_filter_path);
	__type(value, __u64);
} core_filter_cgroup_paths SEC(".maps");

/* The modules that name a cgroup by this path. */
static __always_inline __u64 cgroup_named(const char *path)
{
	struct process_scratch *s = process_scratch_claim();
	__u64 *mask = NULL;
	char *key;

	if (!s)
		return 0;
	key = s->process.image;
	bpf_probe_read_kernel(key, PULSAR_IMAGE_LEN, NULL); /* zeros */
	if (bpf_probe_read_kernel_str(key, PULSAR_IMAGE_LEN, path) > 0)
		mask = bpf_map_lookup_elem(&core_filter_cgroup_paths, key);
	process_scratch_release(s);
	return mask ? *mask : 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_made__tp_btf, struct cgroup *cgroup, const char *path)
{
	struct kernfs_node *parent = kernfs_parent(BPF_CORE_READ(cgroup, kn));
	__u64 id = BPF_CORE_READ(cgroup, kn, id), parent_id = BPF_CORE_READ(parent, id);
	struct pulsar_filters *f = filters_get();
	__u64 *inherited;
	__u64 mask;

	/* The unified hierarchy has number 0. */
	if (!f || !f->cgroups || BPF_CORE_READ(cgroup, root, hierarchy_id))
		return 0;
	mask = cgroup_named(path);
	inherited = bpf_map_lookup_elem(&core_filter_cgroups, &parent_id);
	if (inherited)
		mask |= *inherited;
	if (mask)
		bpf_map_update_elem(&core_filter_cgroups, &id, &mask, BPF_ANY);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(cgroup_removed__tp_btf, struct cgroup *cgroup, const char *path)
{
	__u64 id = BPF_CORE_READ(cgroup, kn, id);

	if (!BPF_CORE_READ(cgroup, root, hierarchy_id))
		bpf_map_delete_elem(&core_filter_cgroups, &id);
	return 0;
}

/* ---- passes over all tasks ---- */

/*
 * Has the task been released? As long as it has not, the free of its process
 * cannot come while this program runs: it waits for a grace period that
 * begins with the release (delayed_put_task_struct(), kernel/exit.c).
 */
static __always_inline bool task_released(struct task_struct *task)
{
	return !BPF_CORE_READ(task, thread_pid);
}

static __always_inline void seed_process(struct task_struct *task, __u32 pass)
{
	__u32 tgid = task->tgid, tid = task->pid;
	struct pulsar_process *p = process_find(tgid);

	if (p && p->start_time_ns != BPF_CORE_READ(task, group_leader, start_boottime)) {
		/* Left by one that had this number. Fork and exec put theirs in anyway. */
		bpf_map_delete_elem(&core_processes, &tgid);
		p = NULL;
	}
	if (p) {
		p->seen = pass;
		return;
	}
	if (tid != tgid)
		return;
	/* Whatever fork and exec have entered meanwhile is newer. */
	process_enter(task, BPF_CORE_READ(task, mm, exe_file), BPF_NOEXIST);
	if (!task_released(task))
		return;
	p = process_find(tgid);
	if (p && p->start_time_ns == task->start_boottime)
		bpf_map_delete_elem(&core_processes, &tgid);
}

/* Fork enters with the number of the pass that runs, so what has an older one was not met. */
static long sweep_process(struct bpf_map *map, __u32 *tgid, struct pulsar_process *p, __u32 *swept)
{
	struct pulsar_core_state *state = core_state_get();

	if (state && p->seen != state->pass && !bpf_map_delete_elem(map, tgid))
		(*swept)++;
	return 0;
}

/* Enters processes that have no entry, and removes entries whose process is gone. */
SEC("iter/task")
int seed__iter(struct bpf_iter__task *ctx)
{
	struct pulsar_core_state *state = core_state_get();
	struct task_struct *task = ctx->task;
	__u32 swept = 0;

	if (!state)
		return 0;
	if (!task) {
		bpf_for_each_map_elem(&core_processes, sweep_process, &swept, 0);
		state->swept += swept;
		return 0;
	}
	if (ctx->meta->seq_num == 0)
		__sync_fetch_and_add(&state->pass, 1);
	seed_process(pulsar_plain(struct task_struct, task), state->pass);
	return 0;
}

/*
 * Decides again for a process, from what its parent hands down. It stays stale if the
 * parent is not decided yet, or if an exec came in between, which decided by the
 * old heritage.
 */
static __always_inline void filter_process(struct task_struct *task, struct pulsar_process *p,
					   __u32 generation)
{
	__u32 tgid = task->tgid, parent_tgid = BPF_CORE_READ(task, real_parent, tgid);
	__u32 version = *(volatile __u32 *)&p->version, parent_version = 0;
	struct pulsar_process *parent = process_find(parent_tgid);
	struct filter_decision d = {};

	if (version & PULSAR_PROCESS_WRITERS)
		return;
	if (parent) {
		parent_version = *(volatile __u32 *)&parent->version;
		if (parent->generation != generation || (parent_version & PULSAR_PROCESS_WRITERS))
			return;
		d.heritage = parent->heritage;
	}
	filter_decide(&d, p, tgid, !(task->flags & PROCESS_PF_FORKNOEXEC));
	if (parent && *(volatile __u32 *)&parent->version != parent_version)
		return;
	p->filters = d.filters;
	p->heritage = d.heritage;
	if (*(volatile __u32 *)&p->version != version)
		return;
	p->generation = generation;
}

/*
 * Applies changed rules to the processes that run: as if each had just been forked by
 * its present parent, and had executed its present program. Prints how many
 * processes it met that were not decided by these rules yet. loaderd changes the rules, then
 * filters.generation, and then runs this until it prints 0: a process may have to
 * wait for its parent, or be forked behind the iterator's back by a parent that was
 * not decided yet. Once all that is met is decided, so is what it forks.
 */
SEC("iter/task")
int filter__iter(struct bpf_iter__task *ctx)
{
	struct pulsar_core_state *state = core_state_get();
	struct task_struct *task = ctx->task;
	struct pulsar_filters *f = filters_get();
	struct pulsar_process *p;
	__u32 tgid, tid;

	if (!state || !f)
		return 0;
	if (!task) {
		BPF_SEQ_PRINTF(ctx->meta->seq, "%u\n", state->stale);
		return 0;
	}
	if (ctx->meta->seq_num == 0)
		state->stale = 0;
	tgid = task->tgid;
	tid = task->pid;
	p = process_find(tgid);
	if (tid != tgid || !p || p->start_time_ns != task->start_boottime)
		return 0;
	if (p->generation == f->generation || task_released(task))
		return 0;
	state->stale++;
	filter_process(task, p, f->generation);
	return 0;
}
