/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of network-monitor that tells of messages: Send, Receive, DnsQuery and
 * DnsResponse; and its first variant, the sockets' own functions. The order in which these
 * headers are included is that of preference.
 */
#ifndef PULSAR_NETWORK_TRANSFER_BPF_H
#define PULSAR_NETWORK_TRANSFER_BPF_H

#define SERIES_MAX 1024 /* messages of one call, UIO_MAXIOV in include/uapi/linux/uio.h */

/*
 * One for each thread: the call it is in, and the message in work. A message would
 * have room on the stack, but there the verifier tells apart all ways in which it can
 * have been filled, and follows each of them to the end.
 */
struct transfer {
	const struct socket *socket; /* of the call in progress; NULL: there is none */
	__u32 flags;		     /* of receiving */
	__u32 index;		     /* of the next message, in sendmmsg() and recvmmsg() */
	struct pulsar_address
		named; /* the peer by the call, or by the datagram; family 0: neither */
	struct net_message message;
	struct net_call call;
	/* Messages whose sender is told when the call ends, as bits, and what is known of them. */
	__u32 waiting;
	__u32 reserved;
	struct pulsar_address local;
	__u64 pending[SERIES_MAX / 64];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct transfer);
} transfers SEC(".maps");

/* NULL: no memory; the event that would have come of it is lost. */
static __always_inline struct transfer *transfer_get(void)
{
	struct transfer *t = bpf_task_storage_get(&transfers, bpf_get_current_task_btf(), NULL,
						  BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!t)
		pulsar_count_busy();
	return t;
}

/* In TCP, 0 bytes are the end of the stream; in UDP they are a datagram. */
static __always_inline bool transferred(enum net_kind kind, long ret, __u32 flags)
{
	if (flags & (MSG_PEEK | MSG_ERRQUEUE))
		return false;
	return kind == NET_TCP ? ret > 0 : ret >= 0;
}

/* ---- one message ---- */

/* Between the ends of its socket, unless another peer is named. */
static __always_inline void message_init(struct net_message *m, const struct sock *sk,
					 enum net_kind kind, __u32 len, bool sent,
					 const struct pulsar_address *named)
{
	net_local(&m->local, sk);
	if (named->family)
		m->peer = *named;
	else
		net_remote(&m->peer, sk);
	m->len = len;
	m->sent = sent;
	m->is_tcp = kind == NET_TCP;
}

static __always_inline bool dns_port(__u16 port)
{
	for (int i = 0; i < 16; i++)
		if (dns_ports[i] && dns_ports[i] == port)
			return true;
	return false;
}

static __always_inline bool message_is_dns(const struct net_message *m)
{
	return !m->is_tcp && m->len >= DNS_HEADER &&
	       (dns_port(m->local.port) || dns_port(m->peer.port));
}

static __always_inline int message_report_dns(void *ctx, struct net_message *m)
{
	struct dns_query *e = pulsar_begin(struct dns_query);
	__u32 at;

	if (!e)
		return 0;
	e->source = m->sent ? m->local : m->peer;
	e->destination = m->sent ? m->peer : m->local;
	net_payload(&e->event, &e->message, &m->buffers, m->len);
	at = e->message.offset + DNS_FLAGS;
	if (e->message.len < DNS_HEADER || at >= PULSAR_RECORD_MAX)
		return pulsar_discard(e);
	/* The two have the same layout. */
	if (((__u8 *)e)[at] & DNS_RESPONSE)
		e->event.type = bpf_core_type_id_local(struct dns_response);
	return pulsar_submit(ctx, e);
}

static __always_inline int message_report_sent(void *ctx, struct net_message *m)
{
	struct send *e = pulsar_begin(struct send);

	if (!e)
		return 0;
	e->source = m->local;
	e->destination = m->peer;
	e->len = m->len;
	e->is_tcp = m->is_tcp;
	return pulsar_submit(ctx, e);
}

static __always_inline int message_report_received(void *ctx, struct net_message *m)
{
	struct receive *e = pulsar_begin(struct receive);

	if (!e)
		return 0;
	e->source = m->local;
	e->destination = m->peer;
	e->len = m->len;
	e->is_tcp = m->is_tcp;
	return pulsar_submit(ctx, e);
}

static __always_inline int message_report(void *ctx, struct net_message *m)
{
	net_match(&m->local, &m->peer);
	if (m->sent)
		message_report_sent(ctx, m);
	else
		message_report_received(ctx, m);
	if (message_is_dns(m))
		message_report_dns(ctx, m);
	return 0;
}

/* ---- where the sockets' own functions can be traced ---- */

/*
 * The kernel moves through the buffers while it works, and after sending to an IPv4
 * address through an IPv6 socket the message may not name it any more: so they are
 * noted before. kprobes note TCP as well, as a kretprobe sees no arguments.
 */
static __always_inline int transfer_begin(const struct socket *socket, const struct msghdr *msg,
					  bool sending, __u32 flags, bool tcp)
{
	const struct sock *sk = net_sock(socket);
	enum net_kind kind = net_kind(sk);
	struct transfer *t;

	if (kind != NET_UDP && !(tcp && kind == NET_TCP))
		return 0;
	t = transfer_get();
	if (!t)
		return 0;
	t->socket = socket;
	t->flags = flags;
	t->named.family = 0;
	if (!msg || kind != NET_UDP)
		return 0;
	net_buffers_of(&t->message.buffers, msg);
	if (sending)
		net_sockaddr(&t->named, BPF_CORE_READ(msg, msg_name),
			     BPF_CORE_READ(msg, msg_namelen), false,
			     net_read(sk, __sk_common.skc_family) == AF_INET);
	return 0;
}

static __always_inline int transfer_report(void *ctx, struct transfer *t,
					   const struct socket *socket, long ret, bool sent)
{
	const struct sock *sk = net_sock(socket);
	enum net_kind kind = net_kind(sk);

	/* Nothing was noted: TCP, or the begin was not seen. */
	if (t->socket != socket) {
		t->named.family = 0;
		t->message.buffers.base = NULL;
		t->message.buffers.count = 0;
	}
	t->socket = NULL;
	message_init(&t->message, sk, kind, ret, sent, &t->named);
	if (kind == NET_UDP)
		net_own_new(sk);
	return message_report(ctx, &t->message);
}

static __always_inline int transfer_end(void *ctx, const struct socket *socket, long ret, bool sent,
					__u32 flags)
{
	enum net_kind kind = net_kind(net_sock(socket));
	struct transfer *t;

	if (kind == NET_OTHER || !transferred(kind, ret, flags))
		return 0;
	t = transfer_get();
	return t ? transfer_report(ctx, t, socket, ret, sent) : 0;
}

/* A datagram was read in full; called before the call returns, with the datagram at hand. */
static __always_inline int transfer_consumed(const struct sock *sk, const struct sk_buff *skb)
{
	struct transfer *t = bpf_task_storage_get(&transfers, bpf_get_current_task_btf(), NULL, 0);
	const struct socket *socket = t ? t->socket : NULL;

	if (socket && net_sock(socket) == sk)
		net_sender(&t->named, skb);
	return 0;
}

SEC("fentry/inet_sendmsg")
int BPF_PROG(send__fentry__begin4, struct socket *socket, struct msghdr *msg, size_t size)
{
	return transfer_begin(socket, msg, true, 0, false);
}

SEC("fentry/inet6_sendmsg")
int BPF_PROG(send__fentry__begin6, struct socket *socket, struct msghdr *msg, size_t size)
{
	return transfer_begin(socket, msg, true, 0, false);
}

SEC("fexit/inet_sendmsg")
int BPF_PROG(send__fentry__end4, struct socket *socket, struct msghdr *msg, size_t size, int ret)
{
	return transfer_end(ctx, socket, ret, true, 0);
}

SEC("fexit/inet6_sendmsg")
int BPF_PROG(send__fentry__end6, struct socket *socket, struct msghdr *msg, size_t size, int ret)
{
	return transfer_end(ctx, socket, ret, true, 0);
}

/* The way of splice() and sendfile() before Linux 6.5. */
SEC("?fexit/inet_sendpage")
int BPF_PROG(send__fentry__page, struct socket *socket, void *page, int offset, size_t size,
	     int flags, ssize_t ret)
{
	return transfer_end(ctx, socket, ret, true, 0);
}

SEC("fentry/inet_recvmsg")
int BPF_PROG(receive__fentry__begin4, struct socket *socket, struct msghdr *msg, size_t size,
	     int flags)
{
	return transfer_begin(socket, msg, false, flags, false);
}

SEC("fentry/inet6_recvmsg")
int BPF_PROG(receive__fentry__begin6, struct socket *socket, struct msghdr *msg, size_t size,
	     int flags)
{
	return transfer_begin(socket, msg, false, flags, false);
}

SEC("fentry/skb_consume_udp")
int BPF_PROG(receive__fentry__consume, struct sock *sk, struct sk_buff *skb, int len)
{
	return transfer_consumed(sk, skb);
}

SEC("fexit/inet_recvmsg")
int BPF_PROG(receive__fentry__end4, struct socket *socket, struct msghdr *msg, size_t size,
	     int flags, int ret)
{
	return transfer_end(ctx, socket, ret, false, flags);
}

SEC("fexit/inet6_recvmsg")
int BPF_PROG(receive__fentry__end6, struct socket *socket, struct msghdr *msg, size_t size,
	     int flags, int ret)
{
	return transfer_end(ctx, socket, ret, false, flags);
}

/* From a TCP socket into a pipe. */
SEC("fexit/tcp_splice_read")
int BPF_PROG(receive__fentry__splice, struct socket *socket, void *position, void *pipe, size_t len,
	     unsigned int flags, ssize_t ret)
{
	return transfer_end(ctx, socket, ret, false, 0);
}

#endif
