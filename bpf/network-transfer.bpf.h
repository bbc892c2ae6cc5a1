/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of network-monitor that tells of messages: Send, Receive, DnsQuery and
 * DnsResponse. Included at its end.
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
	const struct sock *sk = BPF_CORE_READ(socket, sk);
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
			     BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET);
	return 0;
}

static __always_inline int transfer_report(void *ctx, struct transfer *t,
					   const struct socket *socket, long ret, bool sent)
{
	const struct sock *sk = BPF_CORE_READ(socket, sk);
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
	enum net_kind kind = net_kind(BPF_CORE_READ(socket, sk));
	struct transfer *t;

	if (kind == NET_OTHER || !transferred(kind, ret, flags))
		return 0;
	t = transfer_get();
	return t ? transfer_report(ctx, t, socket, ret, sent) : 0;
}

/* The same for a kretprobe. */
static __always_inline int transfer_returned(void *ctx, long ret, bool sent)
{
	struct transfer *t = bpf_task_storage_get(&transfers, bpf_get_current_task_btf(), NULL, 0);
	const struct socket *socket;
	enum net_kind kind;

	if (!t || !t->socket)
		return 0;
	socket = t->socket;
	kind = net_kind(BPF_CORE_READ(socket, sk));
	if (kind == NET_OTHER || !transferred(kind, ret, t->flags)) {
		t->socket = NULL;
		return 0;
	}
	return transfer_report(ctx, t, socket, ret, sent);
}

/* A datagram was read in full; called before the call returns, with the datagram at hand. */
static __always_inline int transfer_consumed(const struct sock *sk, const struct sk_buff *skb)
{
	struct transfer *t = bpf_task_storage_get(&transfers, bpf_get_current_task_btf(), NULL, 0);
	const struct socket *socket = t ? t->socket : NULL;

	if (socket && BPF_CORE_READ(socket, sk) == sk)
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

/* ---- by tracepoints of sockets (Linux 6.3) and the system call in progress ---- */

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
			     BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET);
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
	__u32 room = BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET
			     ? 16
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

/* ---- by kprobes: the last choice, as a kretprobe has few instances, and calls may wait long ---- */

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
