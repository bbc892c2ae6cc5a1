/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One message that a process sends or receives: its addresses, and where its
 * bytes lie in the process's memory. Either from the kernel's own description of the
 * message (struct msghdr), or, where no hook has that, from the system call.
 */
#ifndef PULSAR_NET_MESSAGE_BPF_H
#define PULSAR_NET_MESSAGE_BPF_H

#include "net.bpf.h"

/* A power of two: bytes of a payload that are copied at most. */
#define NET_PAYLOAD_MAX 8192
/* Buffers of one message that are looked at; the kernel's limit is 1024 (UIO_MAXIOV). */
#define NET_BUFFERS_MAX 64

_Static_assert(PULSAR_RECORD_MAX >= 2 * NET_PAYLOAD_MAX + 4096, "a payload and a record around it");

/* Memory of the process: one buffer, or an array of struct iovec that describes them. */
struct net_buffers {
	const void *base;
	__u64 skip;	 /* bytes of the first buffer that are not ours */
	__u64 size;	 /* bytes of the buffer, if it is one */
	__u32 count;	 /* of iovecs; 0: base is a buffer */
	__u32 in_kernel; /* the iovecs are in kernel memory */
};

struct net_message {
	struct pulsar_address local;
	struct pulsar_address peer; /* family 0: not known */
	struct net_buffers buffers;
	__u32 len;
	bool sent; /* or received */
	bool is_tcp;
};

/* ---- from the kernel's struct msghdr ---- */

struct iov_iter___before_6_4 {
	const struct iovec *iov;
};

static __always_inline bool net_iter_is(const struct iov_iter *iter, __u64 type)
{
	return BPF_CORE_READ(iter, iter_type) == type;
}

/* Only what is in user memory: it is processes whose messages are of interest. */
static __always_inline void net_buffers_of(struct net_buffers *b, const struct msghdr *msg)
{
	const struct iov_iter *iter = __builtin_preserve_access_index(&msg->msg_iter);
	const struct iov_iter___before_6_4 *old = (const void *)iter;

	__builtin_memset(b, 0, sizeof(*b));
	if (net_iter_is(iter, bpf_core_enum_value(enum iter_type, ITER_UBUF))) {
		b->base = BPF_CORE_READ(iter, ubuf);
		b->size = BPF_CORE_READ(iter, count);
	} else if (net_iter_is(iter, bpf_core_enum_value(enum iter_type, ITER_IOVEC))) {
		b->base = bpf_core_field_exists(old->iov) ? BPF_CORE_READ(old, iov)
							  : BPF_CORE_READ(iter, __iov);
		b->count = BPF_CORE_READ(iter, nr_segs);
		b->in_kernel = true;
	} else {
		return;
	}
	b->skip = BPF_CORE_READ(iter, iov_offset);
}

/* ---- from a system call's arguments ---- */

#if defined(__TARGET_ARCH_x86)
/* arch/x86/entry/syscalls/syscall_64.tbl */
#define NET_NR_READ	0
#define NET_NR_WRITE	1
#define NET_NR_READV	19
#define NET_NR_WRITEV	20
#define NET_NR_SENDTO	44
#define NET_NR_RECVFROM 45
#define NET_NR_SENDMSG	46
#define NET_NR_RECVMSG	47
#define NET_NR_RECVMMSG 299
#define NET_NR_SENDMMSG 307
#define NET_NR_PREADV2	327
#define NET_NR_PWRITEV2 328
#define NET_PARM6(regs) BPF_CORE_READ(regs, r9)
#define NET_TS_COMPAT	0x2 /* arch/x86/include/asm/thread_info.h: in a 32-bit system call */
#elif defined(__TARGET_ARCH_arm64)
/* include/uapi/asm-generic/unistd.h */
#define NET_NR_READ	63
#define NET_NR_WRITE	64
#define NET_NR_READV	65
#define NET_NR_WRITEV	66
#define NET_NR_SENDTO	206
#define NET_NR_RECVFROM 207
#define NET_NR_SENDMSG	211
#define NET_NR_RECVMSG	212
#define NET_NR_RECVMMSG 243
#define NET_NR_SENDMMSG 269
#define NET_NR_PREADV2	286
#define NET_NR_PWRITEV2 287
#define NET_PARM6(regs) BPF_CORE_READ((const struct user_pt_regs *)(regs), regs[5])

struct pt_regs___arm64_syscall {
	__s32 syscallno;
};
#else
#error "numbers of system calls are not known for this architecture"
#endif

/* include/linux/socket.h, struct user_msghdr and struct mmsghdr, as processes lay them out */
struct net_msghdr {
	const void *name;
	__u32 namelen;
	__u32 reserved1;
	const void *iov;
	__u64 iovlen;
	const void *control;
	__u64 controllen;
	__u32 flags;
	__u32 reserved;
	/* from here on only in struct mmsghdr */
	__u32 len;
	__u32 reserved2;
};

/* The message that the system call in progress is about. */
struct net_call {
	struct net_buffers buffers;
	const void *name;
	__u32 namelen; /* sending only: in receiving it is not told before the end */
	__u32 len;     /* of struct mmsghdr */
};

static __always_inline struct pt_regs *net_regs(void)
{
	return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

/* -1: none, or one whose arguments lie elsewhere. */
static __always_inline long net_syscall(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	struct task_struct *task = bpf_get_current_task_btf();

	if (task->thread_info.status & NET_TS_COMPAT)
		return -1;
	return BPF_CORE_READ(regs, orig_ax);
#else
	return BPF_CORE_READ((const struct pt_regs___arm64_syscall *)regs, syscallno);
#endif
}

static __always_inline void net_call_header(struct net_call *call, const void *at, bool many)
{
	struct net_msghdr h = {};

	if (bpf_probe_read_user(&h, many ? sizeof(h) : offsetof(struct net_msghdr, len), at))
		return;
	call->name = h.name;
	call->namelen = h.namelen;
	call->len = h.len;
	call->buffers.base = h.iov;
	call->buffers.count = h.iovlen < NET_BUFFERS_MAX ? h.iovlen : NET_BUFFERS_MAX;
}

/*
 * What the system call in progress says about message number `index` (0, unless there
 * are several). All zero for others: io_uring, 32-bit processes.
 */
static __always_inline void net_call_read(struct net_call *call, __u32 index)
{
	struct pt_regs *regs = net_regs();
	long nr = net_syscall(regs);

	__builtin_memset(call, 0, sizeof(*call));
	switch (nr) {
	case NET_NR_SENDTO:
		call->namelen = NET_PARM6(regs);
		/* fallthrough */
	case NET_NR_RECVFROM:
		call->name = (const void *)PT_REGS_PARM5_CORE_SYSCALL(regs);
		/* fallthrough */
	case NET_NR_READ:
	case NET_NR_WRITE:
		call->buffers.base = (const void *)PT_REGS_PARM2_CORE_SYSCALL(regs);
		call->buffers.size = PT_REGS_PARM3_CORE_SYSCALL(regs);
		break;
	case NET_NR_READV:
	case NET_NR_WRITEV:
	case NET_NR_PREADV2:
	case NET_NR_PWRITEV2:
		call->buffers.base = (const void *)PT_REGS_PARM2_CORE_SYSCALL(regs);
		call->buffers.count = PT_REGS_PARM3_CORE_SYSCALL(regs);
		break;
	case NET_NR_SENDMSG:
	case NET_NR_RECVMSG:
		net_call_header(call, (const void *)PT_REGS_PARM2_CORE_SYSCALL(regs), false);
		break;
	case NET_NR_SENDMMSG:
	case NET_NR_RECVMMSG:
		net_call_header(call,
				(const void *)PT_REGS_PARM2_CORE_SYSCALL(regs) +
					(__u64)index * sizeof(struct net_msghdr),
				true);
		break;
	}
}

/* ---- the bytes ---- */

struct net_copy {
	struct pulsar_event *event;
	const struct iovec *iov;
	__u64 skip;
	__u32 in_kernel;
	__u32 offset; /* of the payload in the record */
	__u32 done;
	__u32 want;
};

/* Copies one buffer; true if all that was wanted of it came. */
static __always_inline bool net_copy_buffer(struct net_copy *c, const void *from, __u64 size)
{
	__u32 offset = c->offset, done = c->done;
	__u64 want = c->want - done;

	if (offset > PULSAR_RECORD_MAX - 2 * NET_PAYLOAD_MAX || done >= c->want)
		return false;
	if (want > size)
		want = size;
	/* The masks change nothing; they are how the verifier learns the bounds. */
	barrier_var(want);
	barrier_var(done);
	want &= NET_PAYLOAD_MAX - 1;
	done &= NET_PAYLOAD_MAX - 1;
	if (bpf_probe_read_user((void *)c->event + offset + done, want, from))
		return false;
	c->done = done + want;
	return true;
}

static long net_copy_step(__u32 i, void *arg)
{
	struct net_copy *c = arg;
	const struct iovec *at = c->iov + i;
	struct iovec iov;
	__u64 skip = c->skip;
	long err;

	err = c->in_kernel ? bpf_probe_read_kernel(&iov, sizeof(iov), at)
			   : bpf_probe_read_user(&iov, sizeof(iov), at);
	if (err || skip > iov.iov_len)
		return 1;
	c->skip = 0;
	if (iov.iov_len == skip)
		return 0;
	return net_copy_buffer(c, (const void *)iov.iov_base + skip, iov.iov_len - skip) ? 0 : 1;
}

/*
 * Appends the first bytes of a message of `len` bytes. They are read from the memory of
 * the process after the kernel has read or written them; what cannot be read any
 * more is missing at the end, visibly.
 */
static __always_inline void net_payload(struct pulsar_event *e, struct pulsar_bytes *to,
					const struct net_buffers *b, __u32 len)
{
	struct net_copy c = {};

	c.event = e;
	c.iov = b->base;
	c.skip = b->skip;
	c.in_kernel = b->in_kernel;
	c.offset = e->size;
	c.done = pulsar_hide((__u32)0);
	c.want = len < NET_PAYLOAD_MAX ? len : NET_PAYLOAD_MAX - 1;
	if (b->count)
		bpf_loop(b->count < NET_BUFFERS_MAX ? b->count : NET_BUFFERS_MAX, net_copy_step, &c,
			 0);
	else if (b->base)
		net_copy_buffer(&c, b->base + b->skip, b->size);
	to->offset = c.offset;
	to->len = c.done & (NET_PAYLOAD_MAX - 1);
	to->full = len;
	e->size = c.offset + to->len;
}

#endif
