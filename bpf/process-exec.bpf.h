/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of process-monitor that tells of programs being run: their file or script, their
 * arguments, and the credentials that came with them.
 */
#ifndef PULSAR_PROCESS_EXEC_BPF_H
#define PULSAR_PROCESS_EXEC_BPF_H

#define ARGV_MAX 32768 /* bytes of argv that fit into a record, less one */

/* A script is known by its interpreter: load_script() replaces bprm->interp, which begins as bprm->filename. */
static __always_inline bool exec_is_script(struct linux_binprm *bprm)
{
	return bprm->interp != bprm->filename;
}

/*
 * The script's path. Its file is closed by now, so it is made from the name: as execve() was given
 * it, or, of execveat(), "/dev/fd/N" or "/dev/fd/N/NAME" (alloc_bprm(), fs/exec.c). A symbolic
 * link is not followed.
 */
#define EXEC_FD_PREFIX 8 /* "/dev/fd/" */
#define EXEC_FD_DIGITS 10

static __always_inline void exec_script_name(struct exec *e, struct linux_binprm *bprm)
{
	char text[EXEC_FD_PREFIX + EXEC_FD_DIGITS + 2] = "";
	const char *name = bprm->filename;
	__u32 i, fd = 0;

	if (!bprm->fdpath) {
		pulsar_path_named(&e->event, &e->filename, PULSAR_AT_FDCWD, name, false);
		return;
	}
	bpf_probe_read_kernel_str(text, sizeof(text), name);
	for (i = EXEC_FD_PREFIX; i < EXEC_FD_PREFIX + EXEC_FD_DIGITS; i++) {
		if (text[i] < '0' || text[i] > '9')
			break;
		fd = fd * 10 + (text[i] - '0');
	}
	pulsar_path_named(&e->event, &e->filename, fd, name + i + (text[i] == '/'), false);
}

static __always_inline void exec_script(struct exec *e, struct linux_binprm *bprm)
{
	exec_script_name(e, bprm);
	/* The descriptor is closed: rather the name as it is than none. */
	if (!e->filename.len)
		pulsar_string(&e->event, &e->filename, bprm->filename);
	pulsar_string(&e->event, &e->interpreter, bprm->interp);
}

static __always_inline void exec_argv(struct exec *e, struct mm_struct *mm)
{
	__u64 start = mm->arg_start;
	__u64 full = mm->arg_end - start;
	__u32 offset = e->event.size;
	__u64 len = full < ARGV_MAX ? full : ARGV_MAX - 1;

	e->argv.full = full;
	if (offset > PULSAR_RECORD_MAX - ARGV_MAX)
		return;
	barrier_var(len);
	len &= ARGV_MAX - 1;
	if (bpf_probe_read_user((void *)e + offset, len, (void *)start))
		return;
	e->argv.offset = offset;
	e->argv.len = len;
	e->event.size = offset + len;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec__tp_btf, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct exec *e;

	task = pulsar_plain(struct task_struct, task);
	bprm = pulsar_plain(struct linux_binprm, bprm);
	process_exec(task, bprm);
	e = pulsar_begin(struct exec);
	if (e) {
		e->argc = bprm->argc;
		e->uid = task->cred->uid.val;
		e->gid = task->cred->gid.val;
		e->euid = task->cred->euid.val;
		e->egid = task->cred->egid.val;
		if (exec_is_script(bprm))
			exec_script(e, bprm);
		else
			pulsar_path(&e->event, &e->filename, &bprm->file->f_path);
		pulsar_path(&e->event, &e->cwd, &task->fs->pwd);
		exec_argv(e, task->mm);
		pulsar_submit(ctx, e);
	}
	return credentials_changed(ctx);
}

#endif
