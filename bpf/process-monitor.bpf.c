/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * process-monitor: processes come to be, run programs, change parent and rights, move between
 * cgroups, and end. One event for a process, not for each of its threads; kernel threads
 * are no processes.
 */
#define PULSAR_RECORD_MAX 49152 /* argv */
#include "pulsar.bpf.h"

#include "family.bpf.h"
#include "join.bpf.h"
#include "process.bpf.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

/* ---- events ---- */

struct fork {
	struct pulsar_event event; /* of the new process */
	__u32 ppid __main;
	__u32 uid;
	__u32 gid;
	/* Inode numbers, as in /proc/PID/ns. */
	__u32 mnt_ns;
	__u32 pid_ns;
	__u32 net_ns;
	__u32 ipc_ns;
	__u32 uts_ns;
	__u32 user_ns;
	__u32 cgroup_ns;
	__u32 time_ns;
	__u32 reserved;
};

struct exec {
	struct pulsar_event event;
	struct pulsar_string filename __main; /* absolute; of a script: the script */
	struct pulsar_strings argv;
	struct pulsar_string cwd;
	struct pulsar_string interpreter; /* of a script, as its first line has it; else empty */
	__u32 argc;
	__u32 uid;
	__u32 gid;
	__u32 euid;
	__u32 egid;
	__u32 reserved;
};

struct exit {
	struct pulsar_event event;	   /* of the last thread */
	__s32 exit_code __main __optional; /* -1: a signal ended it */
	__u32 signal __signal;		   /* that ended it; 0: none did */
	__u32 core_dumped __bool;
	__u32 reserved;
};

struct change_parent {
	struct pulsar_event event; /* of the orphan */
	__u32 ppid __main;
	__u32 reserved;
};

struct credentials_change {
	struct pulsar_event event;
	__u32 uid;
	__u32 gid;
	__u32 euid __main;
	__u32 egid;
	__u64 capabilities_gained __capabilities; /* effective ones */
};

struct cgroup_created {
	struct pulsar_event event;	  /* of who did it, as in the next two */
	struct pulsar_string path __main; /* from the root of its hierarchy */
	__u64 id;
	__u32 hierarchy; /* 0: the unified one; else as in /proc/cgroups */
	__u32 reserved;
};

struct cgroup_deleted {
	struct pulsar_event event;
	struct pulsar_string path __main;
	__u64 id;
	__u32 hierarchy;
	__u32 reserved;
};

struct cgroup_attach {
	struct pulsar_event event;
	struct pulsar_string path __main;
	__u64 id;
	__u32 hierarchy;
	__u32 pid; /* of the process that was moved, or of the thread, if one was moved alone */
};

/* ---- what was told ---- */

/*
 * What was said of each process last, by tgid: a change is what differs from it. Kept here,
 * and not in the process table, which core may have brought up to date already.
 */
struct told {
	__u32 uid;
	__u32 gid;
	__u32 euid;
	__u32 egid;
	__u64 capabilities;
	__u32 ppid;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct told);
} told SEC(".maps");

static __always_inline void told_fill(struct told *t, const struct cred *cred)
{
	t->uid = cred->uid.val;
	t->gid = cred->gid.val;
	t->euid = cred->euid.val;
	t->egid = cred->egid.val;
	/* 64 bits: two words before 6.3, one number since. */
	bpf_probe_read_kernel(&t->capabilities, sizeof(t->capabilities),
			      __builtin_preserve_access_index(&cred->cap_effective));
}

static __always_inline void told_begin(struct task_struct *task, __u64 how)
{
	__u32 tgid = task->tgid;
	struct told t = {};

	told_fill(&t, task->cred);
	t.ppid = task->real_parent->tgid;
	bpf_map_update_elem(&told, &tgid, &t, how);
}

/* ---- fork ---- */

#define NAMESPACE(proxy, which) \
	(bpf_core_field_exists(((struct nsproxy *)0)->which) ? proxy->which->ns.inum : 0)

static __always_inline void fork_namespaces(struct fork *e, struct task_struct *child)
{
	struct nsproxy *proxy = child->nsproxy;
	/* A number to the verifier: it does not let a pointer to an object be computed with. */
	struct pid *pid = BPF_CORE_READ(child, thread_pid);
	struct pid_namespace *pid_ns = family_namespace(pid, BPF_CORE_READ(pid, level));

	e->mnt_ns = NAMESPACE(proxy, mnt_ns);
	e->net_ns = NAMESPACE(proxy, net_ns);
	e->ipc_ns = NAMESPACE(proxy, ipc_ns);
	e->uts_ns = NAMESPACE(proxy, uts_ns);
	e->cgroup_ns = NAMESPACE(proxy, cgroup_ns);
	e->time_ns = NAMESPACE(proxy, time_ns);
	e->pid_ns = BPF_CORE_READ(pid_ns, ns.inum);
	e->user_ns = child->cred->user_ns->ns.inum;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(fork__tp_btf, struct task_struct *parent, struct task_struct *child)
{
	struct fork *e;

	child = pulsar_plain(struct task_struct, child);
	if (child->pid != child->tgid || (child->flags & PF_KTHREAD))
		return 0;
	process_fork(parent, child);
	told_begin(child, BPF_ANY);
	e = pulsar_begin_for(struct fork, child->tgid);
	if (!e)
		return 0;
	e->ppid = child->real_parent->tgid;
	e->uid = child->cred->uid.val;
	e->gid = child->cred->gid.val;
	fork_namespaces(e, child);
	return pulsar_submit(ctx, e);
}

/* ---- credentials ---- */

/* Compares what the current process has now with what was told of it. */
static __always_inline int credentials_changed(void *ctx)
{
	struct task_struct *task = pulsar_task();
	__u32 tgid = task->tgid;
	struct told *t = bpf_map_lookup_elem(&told, &tgid);
	struct credentials_change *e;
	struct told now = {};
	__u64 gained;

	if (!t)
		return 0;
	told_fill(&now, task->cred);
	gained = now.capabilities & ~t->capabilities;
	if (now.uid == t->uid && now.gid == t->gid && now.euid == t->euid && now.egid == t->egid &&
	    !gained) {
		t->capabilities = now.capabilities;
		return 0;
	}
	now.ppid = t->ppid;
	*t = now;
	e = pulsar_begin(struct credentials_change);
	if (!e)
		return 0;
	e->uid = now.uid;
	e->gid = now.gid;
	e->euid = now.euid;
	e->egid = now.egid;
	e->capabilities_gained = gained;
	return pulsar_submit(ctx, e);
}

/* An exec brings its credentials too: they are told by the program for exec, after it. */
static __always_inline bool in_exec(void)
{
	struct task_struct *task = pulsar_task();

	return BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
}

/* At its return: then they are the process's own, in the header too. */
SEC("fexit/commit_creds")
int BPF_PROG(credentials__fentry)
{
	return in_exec() ? 0 : credentials_changed(ctx);
}

SEC("kretprobe/commit_creds")
int BPF_KRETPROBE(credentials__kprobe)
{
	return in_exec() ? 0 : credentials_changed(ctx);
}

#define CREDENTIALS_TP(call)                                              \
	SEC("tp/syscalls/sys_exit_" #call)                                \
	int credentials__tp__##call(struct trace_event_raw_sys_exit *ctx) \
	{                                                                 \
		return ctx->ret < 0 ? 0 : credentials_changed(ctx);       \
	}

CREDENTIALS_TP(setuid)
CREDENTIALS_TP(setgid)
CREDENTIALS_TP(setreuid)
CREDENTIALS_TP(setregid)
CREDENTIALS_TP(setresuid)
CREDENTIALS_TP(setresgid)
CREDENTIALS_TP(setfsuid)
CREDENTIALS_TP(capset)
CREDENTIALS_TP(setns)
CREDENTIALS_TP(unshare)

#include "process-exec.bpf.h"

#include "process-exit.bpf.h"

/* ---- cgroups ---- */

#define CGROUP_EVENT(e, cgroup, path_text)                                    \
	do {                                                                  \
		struct cgroup *plain__ = pulsar_plain(struct cgroup, cgroup); \
                                                                              \
		(e)->id = plain__->kn->id;                                    \
		(e)->hierarchy = plain__->root->hierarchy_id;                 \
		pulsar_string(&(e)->event, &(e)->path, path_text);            \
	} while (0)

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_created__tp_btf, struct cgroup *cgroup, const char *path)
{
	struct cgroup_created *e = pulsar_begin(struct cgroup_created);

	if (!e)
		return 0;
	CGROUP_EVENT(e, cgroup, path);
	return pulsar_submit(ctx, e);
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(cgroup_deleted__tp_btf, struct cgroup *cgroup, const char *path)
{
	struct cgroup_deleted *e = pulsar_begin(struct cgroup_deleted);

	if (!e)
		return 0;
	CGROUP_EVENT(e, cgroup, path);
	return pulsar_submit(ctx, e);
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(cgroup_attach__tp_btf, struct cgroup *cgroup, const char *path,
	     struct task_struct *task)
{
	struct cgroup_attach *e = pulsar_begin(struct cgroup_attach);

	if (!e)
		return 0;
	CGROUP_EVENT(e, cgroup, path);
	e->pid = task->pid;
	return pulsar_submit(ctx, e);
}

/* ---- at load ---- */

/* Processes that run already; what was told of others since then is newer. */
SEC("iter/task")
int seed__iter(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 tgid;

	if (!task)
		return 0;
	task = pulsar_plain(struct task_struct, task);
	if (task->pid != task->tgid || (task->flags & PF_KTHREAD))
		return 0;
	told_begin(task, BPF_NOEXIST);
	/* It may have ended just before: then nobody else would remove it. */
	tgid = task->tgid;
	if (family_ended(task))
		bpf_map_delete_elem(&told, &tgid);
	return 0;
}
