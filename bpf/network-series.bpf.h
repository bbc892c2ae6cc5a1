/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Send and Receive of network-monitor by tracepoints of sockets (Linux 6.3), which have
 * no message, and by the arguments of the system call in progress, which have.
 */
#ifndef PULSAR_NETWORK_SERIES_BPF_H
#define PULSAR_NETWORK_SERIES_BPF_H

#include "network-transfer.bpf.h"

/* The call may tell of several messages. */
static __always_inline int series_begin(void)
{
	struct transfer *t = transfer_get();

	if (!t)
		return 0;
	t->index = 0;
	t->waiting = 0;
	__builtin_memset(t->pending, 0, sizeof(t->pending));
	return 0;
}

/* Which message of its system call the current one is. */
static __always_inline __u32 series_next(struct transfer *t)
{
	long nr = net_syscall(net_regs());

	return nr == NET_NR_SENDMMSG || nr == NET_NR_RECVMMSG ? t->index++ : 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(send__tp_btf, struct sock *sk, int ret, int flags)
{
	enum net_kind kind = net_kind(sk);
	struct transfer *t;
	__u32 index;

	if (kind == NET_OTHER || !transferred(kind, ret, 0))
		return 0;
	t = transfer_get();
	if (!t)
		return 0;
	t->named.family = 0;
	if (kind == NET_UDP) {
		net_own_new(sk);
		index = series_next(t);
		net_call_read(&t->call, index);
		t->message.buffers = t->call.buffers;
		net_sockaddr(&t->named, t->call.name, t->call.namelen, true,
			     net_read(sk, __sk_common.skc_family) == AF_INET);
	}
	message_init(&t->message, sk, kind, ret, true, &t->named);
	return message_report(ctx, &t->message);
}

SEC("tp/syscalls/sys_enter_sendmmsg")
int send__tp_btf__many(void *ctx)
{
	return series_begin();
}

/*
 * From a socket that is connected to nobody. If the process wants to know the sender,
 * it is told so when the call ends, and so are we.
 */
static __always_inline bool received_from_anyone(struct transfer *t, struct sock *sk, __u32 index)
{
	__u32 room = net_read(sk, __sk_common.skc_family) == AF_INET ? 16
								     : sizeof(struct net_sockaddr);
	struct net_socket *socket = net_own_new(sk);

	if (socket)
		net_next_take(socket, sk, t->message.len, &t->message.peer);
	if (!t->call.name || t->call.namelen < room || index >= SERIES_MAX)
		return true;
	t->pending[index / 64 & (SERIES_MAX / 64 - 1)] |= 1ull << (index & 63);
	t->waiting = 1;
	t->local = t->message.local;
	return false;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(receive__tp_btf, struct sock *sk, int ret, int flags)
{
	enum net_kind kind = net_kind(sk);
	struct transfer *t;
	__u32 index;

	if (kind == NET_OTHER || (kind == NET_TCP && !transferred(kind, ret, flags)))
		return 0;
	t = transfer_get();
	if (!t)
		return 0;
	t->named.family = 0;
	message_init(&t->message, sk, kind, ret, false, &t->named);
	if (kind == NET_TCP)
		return message_report(ctx, &t->message);
	index = series_next(t);
	if (!transferred(kind, ret, flags))
		return 0;
	net_call_read(&t->call, index);
	t->message.buffers = t->call.buffers;
	if (t->message.peer.family)
		net_own_new(sk);
	else if (!received_from_anyone(t, sk, index))
		return 0;
	return message_report(ctx, &t->message);
}

SEC("tp_btf/sk_data_ready")
int BPF_PROG(receive__tp_btf__ready, const struct sock *sk)
{
	struct net_socket *socket;

	if (sk->sk_protocol != IPPROTO_UDP || net_kind(sk) != NET_UDP)
		return 0;
	socket = net_socket(sk);
	if (socket)
		net_next_note(socket, sk);
	return 0;
}

/* `len` -1: of several messages, each has its own. */
static __always_inline int series_report(void *ctx, struct transfer *t, __u32 index, long len)
{
	struct net_message *m = &t->message;

	net_call_read(&t->call, index);
	m->local = t->local;
	m->len = len < 0 ? t->call.len : len;
	m->sent = false;
	m->is_tcp = false;
	m->buffers = t->call.buffers;
	net_sockaddr(&m->peer, t->call.name, t->call.namelen, true, false);
	return message_report(ctx, m);
}

/* recvfrom() and recvmsg() are over. */
static __always_inline int series_end(struct trace_event_raw_sys_exit *ctx)
{
	struct transfer *t = bpf_task_storage_get(&transfers, bpf_get_current_task_btf(), NULL, 0);

	if (!t || !t->waiting)
		return 0;
	t->waiting = 0;
	t->pending[0] = 0;
	return ctx->ret < 0 ? 0 : series_report(ctx, t, 0, ctx->ret);
}

SEC("tp/syscalls/sys_exit_recvfrom")
int receive__tp_btf__from(struct trace_event_raw_sys_exit *ctx)
{
	return series_end(ctx);
}

SEC("tp/syscalls/sys_exit_recvmsg")
int receive__tp_btf__msg(struct trace_event_raw_sys_exit *ctx)
{
	return series_end(ctx);
}

SEC("tp/syscalls/sys_enter_recvmmsg")
int receive__tp_btf__many(void *ctx)
{
	return series_begin();
}

struct series_step {
	void *ctx;
	struct transfer *transfer;
};

static long series_step(__u32 index, void *arg)
{
	struct series_step *step = arg;
	struct transfer *t = step->transfer;

	if (t->pending[index / 64 & (SERIES_MAX / 64 - 1)] & 1ull << (index & 63))
		series_report(step->ctx, t, index, -1);
	return 0;
}

SEC("tp/syscalls/sys_exit_recvmmsg")
int receive__tp_btf__manyend(struct trace_event_raw_sys_exit *ctx)
{
	struct series_step step = {
		.ctx = ctx,
		.transfer = bpf_task_storage_get(&transfers, bpf_get_current_task_btf(), NULL, 0),
	};

	if (!step.transfer || !step.transfer->waiting)
		return 0;
	step.transfer->waiting = 0;
	if (ctx->ret > 0)
		bpf_loop(ctx->ret < SERIES_MAX ? ctx->ret : SERIES_MAX, series_step, &step, 0);
	return 0;
}

/* From a TCP socket into a pipe: these read the socket without sock_recvmsg(). */
static __always_inline int spliced(struct trace_event_raw_sys_exit *ctx, long fd)
{
	struct sock *sk = ctx->ret > 0 ? net_sock_of(pulsar_file(fd)) : NULL;
	struct transfer *t;

	if (!sk || net_kind(sk) != NET_TCP)
		return 0;
	t = transfer_get();
	if (!t)
		return 0;
	t->named.family = 0;
	message_init(&t->message, sk, NET_TCP, ctx->ret, false, &t->named);
	return message_report(ctx, &t->message);
}

SEC("tp/syscalls/sys_exit_splice")
int receive__tp_btf__splice(struct trace_event_raw_sys_exit *ctx)
{
	return spliced(ctx, PT_REGS_PARM1_CORE_SYSCALL(net_regs()));
}

SEC("tp/syscalls/sys_exit_sendfile64")
int receive__tp_btf__sendfile(struct trace_event_raw_sys_exit *ctx)
{
	return spliced(ctx, PT_REGS_PARM2_CORE_SYSCALL(net_regs()));
}

#endif
