/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * file-system-monitor: hooks executed and mapped. Files that are mapped to be
 * executed: a program and its interpreter by execve(), a library by mmap(), anything by
 * mprotect().
 */
#ifndef FS_MAP_BPF_H
#define FS_MAP_BPF_H

#define PROT_EXEC	  0x4	   /* include/uapi/asm-generic/mman-common.h */
#define VM_EXEC		  0x4	   /* include/linux/mm.h */
#define READ_IMPLIES_EXEC 0x400000 /* include/uapi/linux/personality.h */

static __always_inline int mapped(void *ctx, const struct path *path)
{
	struct file_mapped_exec *e = pulsar_begin(struct file_mapped_exec);

	if (!e)
		return 0;
	pulsar_path(&e->event, &e->filename, path);
	return pulsar_submit(ctx, e);
}

struct mapping {
	void *ctx;
	struct dentry *but; /* of the program, whose event was made */
};

static long mapped_area(struct task_struct *task, struct vm_area_struct *vma, void *arg)
{
	struct mapping *m = arg;
	struct file *file = pulsar_read(struct vm_area_struct, vma, vm_file);
	const struct path *path;

	if (!file || !(pulsar_read(struct vm_area_struct, vma, vm_flags) & VM_EXEC))
		return 0;
	path = pulsar_mapped_path(file);
	if (pulsar_read(struct path, path, dentry) == m->but)
		return 0;
	return mapped(m->ctx, path);
}

/*
 * What execve() maps: the program, and the interpreter that it names, where the first instruction
 * is. Here and not one by one, as the process becomes the new one only after it mapped them.
 */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(executed__tp_btf, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct mapping m = { ctx, NULL };

	bprm = pulsar_plain(struct linux_binprm, bprm);
	m.but = bprm->file->f_path.dentry;
	process_exec(task, bprm);
	mapped(ctx, &bprm->file->f_path);
	bpf_find_vma(task, PT_REGS_IP_CORE((struct pt_regs *)bpf_task_pt_regs(task)), mapped_area,
		     &m, 0);
	return 0;
}

/* Each area that was made or made executable comes by here, when that cannot fail any more. */
static __always_inline int mapped_here(void *ctx, struct vm_area_struct *vma)
{
	struct mapping m = { ctx, NULL };

	if (!(pulsar_read(struct vm_area_struct, vma, vm_flags) & VM_EXEC) ||
	    BPF_CORE_READ_BITFIELD(bpf_get_current_task_btf(), in_execve))
		return 0;
	return mapped_area(NULL, vma, &m);
}

SEC("fentry/perf_event_mmap")
int BPF_PROG(mapped__fentry, struct vm_area_struct *vma)
{
	return mapped_here(ctx, vma);
}

SEC("kprobe/perf_event_mmap")
int BPF_KPROBE(mapped__kprobe, struct vm_area_struct *vma)
{
	return mapped_here(ctx, vma);
}

static __always_inline int mapped_at(void *ctx, __u64 address, __u64 prot)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mapping m = { ctx, NULL };

	if (prot & PROT_EXEC || task->personality & READ_IMPLIES_EXEC)
		bpf_find_vma(task, address, mapped_area, &m, 0);
	return 0;
}

PULSAR_EXIT(mapped, mmap)
{
	return pulsar_is_error(ctx->ret) ? 0 : mapped_at(ctx, ctx->ret, pulsar_argument(3));
}

PULSAR_EXIT(mapped, mprotect)
{
	return ctx->ret ? 0 : mapped_at(ctx, pulsar_argument(1), pulsar_argument(3));
}

#endif
