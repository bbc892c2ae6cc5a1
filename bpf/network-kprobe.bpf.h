/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Send and Receive of network-monitor by kprobes: the last choice, as a kretprobe has few
 * instances, and calls may wait long.
 */
#ifndef PULSAR_NETWORK_KPROBE_BPF_H
#define PULSAR_NETWORK_KPROBE_BPF_H

#include "network-transfer.bpf.h"

/* transfer_end() for a kretprobe, which knows no argument. */
static __always_inline int transfer_returned(void *ctx, long ret, bool sent)
{
	struct transfer *t = bpf_task_storage_get(&transfers, bpf_get_current_task_btf(), NULL, 0);
	const struct socket *socket;
	enum net_kind kind;

	if (!t || !t->socket)
		return 0;
	socket = t->socket;
	kind = net_kind(net_sock(socket));
	if (kind == NET_OTHER || !transferred(kind, ret, t->flags)) {
		t->socket = NULL;
		return 0;
	}
	return transfer_report(ctx, t, socket, ret, sent);
}

SEC("kprobe/inet_sendmsg")
int BPF_KPROBE(send__kprobe__begin4, struct socket *socket, struct msghdr *msg)
{
	return transfer_begin(socket, msg, true, 0, true);
}

SEC("kretprobe/inet_sendmsg")
int BPF_KRETPROBE(send__kprobe__end4, long ret)
{
	return transfer_returned(ctx, (int)ret, true);
}

SEC("kprobe/inet6_sendmsg")
int BPF_KPROBE(send__kprobe__begin6, struct socket *socket, struct msghdr *msg)
{
	return transfer_begin(socket, msg, true, 0, true);
}

SEC("kretprobe/inet6_sendmsg")
int BPF_KRETPROBE(send__kprobe__end6, long ret)
{
	return transfer_returned(ctx, (int)ret, true);
}

SEC("?kprobe/inet_sendpage")
int BPF_KPROBE(send__kprobe__page, struct socket *socket)
{
	return transfer_begin(socket, NULL, true, 0, true);
}

SEC("?kretprobe/inet_sendpage")
int BPF_KRETPROBE(send__kprobe__pageend, long ret)
{
	return transfer_returned(ctx, (int)ret, true);
}

SEC("kprobe/inet_recvmsg")
int BPF_KPROBE(receive__kprobe__begin4, struct socket *socket, struct msghdr *msg, size_t size,
	       int flags)
{
	return transfer_begin(socket, msg, false, flags, true);
}

SEC("kretprobe/inet_recvmsg")
int BPF_KRETPROBE(receive__kprobe__end4, long ret)
{
	return transfer_returned(ctx, (int)ret, false);
}

SEC("kprobe/inet6_recvmsg")
int BPF_KPROBE(receive__kprobe__begin6, struct socket *socket, struct msghdr *msg, size_t size,
	       int flags)
{
	return transfer_begin(socket, msg, false, flags, true);
}

SEC("kretprobe/inet6_recvmsg")
int BPF_KRETPROBE(receive__kprobe__end6, long ret)
{
	return transfer_returned(ctx, (int)ret, false);
}

SEC("kprobe/skb_consume_udp")
int BPF_KPROBE(receive__kprobe__consume, struct sock *sk, struct sk_buff *skb)
{
	return transfer_consumed(sk, skb);
}

SEC("kprobe/tcp_splice_read")
int BPF_KPROBE(receive__kprobe__splice, struct socket *socket)
{
	return transfer_begin(socket, NULL, false, 0, true);
}

SEC("kretprobe/tcp_splice_read")
int BPF_KRETPROBE(receive__kprobe__spliceend, long ret)
{
	return transfer_returned(ctx, (int)ret, false);
}

#endif
