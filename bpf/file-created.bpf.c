/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* file-created: a regular file came to be, by open() or mknod(). Once, with its full path. */
#include "calls.bpf.h"
#include "note.bpf.h"

#define FMODE_CREATED 0x100000 /* include/linux/fs.h: this open created the file */
#define S_IFMT	      0170000  /* include/uapi/linux/stat.h */
#define S_IFREG	      0100000

struct file_created {
	struct pulsar_event event;
	struct pulsar_string filename __main;
};

/* Hook created: open(). Every file that is being opened comes by here, and after it was created. */
static __always_inline int created(void *ctx, struct file *file)
{
	struct file_created *e;

	if (!(pulsar_read(struct file, file, f_mode) & FMODE_CREATED))
		return 0;
	e = pulsar_begin(struct file_created);
	if (!e)
		return 0;
	pulsar_path(&e->event, &e->filename, &file->f_path);
	return pulsar_submit(ctx, e);
}

SEC("fentry/security_file_open")
int BPF_PROG(created__fentry, struct file *file)
{
	return created(ctx, file);
}

SEC("kprobe/security_file_open")
int BPF_KPROBE(created__kprobe, struct file *file)
{
	return created(ctx, file);
}

/* Neither of them: at the exit of the system call the descriptor leads to the file. */
PULSAR_OPEN_EXITS(created, created)

/* Hook made: mknod(). What vfs_create() is about to make, by whom, and where: see note.bpf.h. */
static __always_inline int made(void *ctx, struct pulsar_note *note)
{
	struct file_created *e = pulsar_begin(struct file_created);

	if (!e)
		return 0;
	pulsar_note_path(&e->event, &e->filename, note);
	return pulsar_submit(ctx, e);
}

PULSAR_NOTE(made, security_path_mknod)
PULSAR_NOTE_EXIT(made, vfs_create, made)

static __always_inline int made_at(struct trace_event_raw_sys_exit *ctx, int dfd, __u64 name,
				   int mode)
{
	struct file_created *e;

	if (ctx->ret || ((mode & S_IFMT) && (mode & S_IFMT) != S_IFREG))
		return 0;
	e = pulsar_begin(struct file_created);
	if (!e)
		return 0;
	pulsar_path_user(&e->event, &e->filename, dfd, (const char *)name);
	return pulsar_submit(ctx, e);
}

PULSAR_EXIT_OLD(made, mknod)
{
	return made_at(ctx, PULSAR_AT_FDCWD, pulsar_argument(1), pulsar_argument(2));
}

PULSAR_EXIT(made, mknodat)
{
	return made_at(ctx, pulsar_argument(1), pulsar_argument(2), pulsar_argument(3));
}
