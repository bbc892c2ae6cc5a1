/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * syscall-monitor: which system calls each process makes, and how often. The counts
 * are in a table with one row for each process and program that it runs; readers
 * look at it, and exit and exec submit what is in a row at the end. So each call is
 * counted in one line, however short the process lives.
 *
 * What is counted is the entry: calls that do not return as well, but not those that seccomp
 * denies, which end before.
 */
#include "table.bpf.h"

/* Above the highest number of a system call; a power of two. */
#define SYSCALLS  512
#define RECHECK	  64  /* filters may change: looked at again after so many of one call */
#define TS_COMPAT 0x2 /* arch/x86/include/asm/thread_info.h: in a 32-bit system call */

struct syscall_activity {
	struct pulsar_event event;
	__u64 since __since;
	__u64 syscalls[SYSCALLS] __syscalls __counter __main;
	__u64 other __counter; /* of 32-bit programs, or numbers that do not exist */
};

PULSAR_ROW(syscall_activity);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32); /* tgid */
	__type(value, struct syscall_activity_row);
} activities SEC(".maps") PULSAR_TABLE;

/* Calls of processes that found no room in the table. */
struct syscalls_uncounted {
	struct pulsar_event event;
	__u64 count __counter;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct syscalls_uncounted);
} uncounted SEC(".maps") PULSAR_TABLE;

static __always_inline struct syscall_activity_row *row_get(__u32 tgid)
{
	return bpf_map_lookup_elem(&activities, &tgid);
}

/* Whether the process is of interest; without counting it, as this is asked again and again. */
static __always_inline bool row_wanted(__u32 tgid)
{
	struct pulsar_process *p = bpf_map_lookup_elem(&core_processes, &tgid);

	return !bpf_map_lookup_elem(&core_excluded, &tgid) &&
	       filter_wants(p, (__u32)bpf_get_current_uid_gid(), bpf_get_current_cgroup_id());
}

static __always_inline void row_refused(void)
{
	__u32 zero = 0;
	struct syscalls_uncounted *u = bpf_map_lookup_elem(&uncounted, &zero);

	if (!u)
		return;
	if (!u->event.size)
		pulsar_row_mark(u);
	__sync_fetch_and_add(&u->count, 1);
}

/* The row of the current process; NULL: not wanted, or no room. */
static __noinline struct syscall_activity_row *row_new(__u32 tgid)
{
	struct syscall_activity_row *row = NULL;
	struct syscall_activity *e;

	if (!row_wanted(tgid))
		return NULL;
	e = pulsar_begin(struct syscall_activity);
	if (e) {
		e->event.tid = tgid;
		e->since = bpf_ktime_get_boot_ns();
		/* If another thread was first, its row is as good. */
		pulsar_row_insert(&activities, &tgid, e);
		row = row_get(tgid);
	}
	if (!row)
		row_refused();
	return row;
}

/* The row of the current process is over. */
static __always_inline int row_end(void *ctx, __u32 tgid, struct syscall_activity_row *row)
{
	struct syscall_activity *e = pulsar_begin(struct syscall_activity);

	return pulsar_row_submit(ctx, &activities, &tgid, e, row);
}

static __always_inline void row_owner(struct pulsar_event *e, struct task_struct *task)
{
	const struct cred *cred = task->cred;
	__u32 uid = cred->uid.val, gid = cred->gid.val;

	if (e->uid != uid)
		e->uid = uid;
	if (e->gid != gid)
		e->gid = gid;
}

/* While a new generation takes over, both run: the newer one counts. */
static __always_inline bool row_ours(struct pulsar_event *e)
{
	if (e->generation == pulsar_generation)
		return true;
	if (e->generation > pulsar_generation)
		return false;
	e->generation = pulsar_generation;
	return true;
}

static __always_inline __u64 row_count(struct syscall_activity *a, struct task_struct *task,
				       long id)
{
#if defined(__TARGET_ARCH_x86)
	if (task->thread_info.status & TS_COMPAT)
		id = -1;
#endif
	if ((unsigned long)id >= SYSCALLS)
		return __sync_fetch_and_add(&a->other, 1);
	barrier_var(id); /* so that the mask stays, by which the verifier learns the bounds */
	return __sync_fetch_and_add(&a->syscalls[id & (SYSCALLS - 1)], 1);
}

/* First of all what ends a row, so that there is none whose end is missed. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec__tp_btf, struct task_struct *task)
{
	struct syscall_activity_row *row = row_get(task->tgid);

	return row ? row_end(ctx, task->tgid, row) : 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(exit__tp_btf, struct task_struct *task)
{
	struct syscall_activity_row *row;

	task = pulsar_plain(struct task_struct, task);
	/* The last thread; kernel/exit.c, do_exit() has counted it already. */
	if (task->signal->live.counter)
		return 0;
	row = row_get(task->tgid);
	return row ? row_end(ctx, task->tgid, row) : 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(count__tp_btf, struct pt_regs *regs, long id)
{
	struct task_struct *task = pulsar_task();
	__u32 tgid = task->tgid;
	struct syscall_activity_row *row = row_get(tgid);
	__u64 before;

	if (!row)
		row = row_new(tgid);
	if (!row || !row_ours(&row->fixed.event))
		return 0;
	row_owner(&row->fixed.event, task);
	before = row_count(&row->fixed, task, id);
	if ((before & (RECHECK - 1)) == RECHECK - 1 && !row_wanted(tgid))
		bpf_map_delete_elem(&activities, &tgid);
	return 0;
}
