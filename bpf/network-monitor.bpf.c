/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * network-monitor: what processes do with TCP and UDP sockets, and the DNS messages
 * among their datagrams.
 *
 * Everything is told when its outcome is known, as the sockets' own functions and
 * tracepoints tell it: one Send for each call that sent something, not for each packet.
 * Reading with MSG_PEEK is no Receive, as the bytes stay where they are.
 */
#define PULSAR_RECORD_MAX 20480 /* of a DNS message: 8 KiB, with as much again for the verifier */
#include "pulsar.bpf.h"

#include "net-message.bpf.h"
#include "net-socket.bpf.h"
#include "net.bpf.h"

/* include/linux/socket.h, include/uapi/asm-generic/errno*.h, include/linux/errno.h */
#define MSG_PEEK     0x2
#define MSG_ERRQUEUE 0x2000
#define EINTR	     4
#define EISCONN	     106
#define EALREADY     114
#define EINPROGRESS  115
#define ECANCELED    125
#define ERESTARTSYS  512

/* Datagrams from or to these ports are decoded as DNS; 53: RFC 1035, 5353: RFC 6762. 0: unused. */
const volatile __u16 dns_ports[16] = { 53, 5353 };

/* ---- events ---- */

struct bind {
	struct pulsar_event event;
	struct pulsar_address address __main;
	__u8 is_tcp __bool;
};

struct listen {
	struct pulsar_event event;
	struct pulsar_address address __main;
	__u8 is_tcp __bool;
};

struct connect {
	struct pulsar_event event;
	struct pulsar_address source;
	struct pulsar_address destination __main;
	__s32 result __errno; /* ECANCELED: the socket was closed before there was one */
	__u8 is_tcp __bool;
};

struct accept {
	struct pulsar_event event;
	struct pulsar_address source __main; /* the peer */
	struct pulsar_address destination;
	__u8 is_tcp __bool;
};

struct send {
	struct pulsar_event event;
	struct pulsar_address source;
	struct pulsar_address destination __main;
	__u32 len;
	__u8 is_tcp __bool;
};

struct receive {
	struct pulsar_event event;
	struct pulsar_address source;
	struct pulsar_address destination __main; /* the peer */
	__u32 len;
	__u8 is_tcp __bool;
};

/* Once for each socket, when its last descriptor is closed. Of the process that owned it. */
struct close {
	struct pulsar_event event;
	struct pulsar_address source;
	struct pulsar_address destination __main;
	__u32 original_pid;
	__u8 is_tcp __bool;
};

struct dns_query {
	struct pulsar_event event;
	struct pulsar_address source; /* of the datagram */
	struct pulsar_address destination;
	struct pulsar_bytes message __dns __main;
};

struct dns_response {
	struct pulsar_event event;
	struct pulsar_address source;
	struct pulsar_address destination;
	struct pulsar_bytes message __dns __main;
};

#define DNS_HEADER   12 /* bytes, RFC 1035 4.1.1 */
#define DNS_FLAGS    2
#define DNS_RESPONSE 0x80 /* QR */

/* ---- bind, listen ---- */

static __always_inline int bound(void *ctx, const struct sock *sk)
{
	enum net_kind kind = net_kind(sk);
	struct bind *e;

	if (kind == NET_OTHER)
		return 0;
	net_own(sk, NET_IDLE);
	e = pulsar_begin(struct bind);
	if (!e)
		return 0;
	net_local(&e->address, sk);
	e->is_tcp = kind == NET_TCP;
	return pulsar_submit(ctx, e);
}

static __always_inline int listening(void *ctx, const struct sock *sk)
{
	struct listen *e;

	if (net_kind(sk) != NET_TCP)
		return 0;
	net_own(sk, NET_IDLE);
	e = pulsar_begin(struct listen);
	if (!e)
		return 0;
	net_local(&e->address, sk);
	e->is_tcp = true;
	return pulsar_submit(ctx, e);
}

SEC("fexit/inet_bind")
int BPF_PROG(bind__fentry__v4, struct socket *socket, void *address, int len, int ret)
{
	return ret ? 0 : bound(ctx, net_sock(socket));
}

SEC("fexit/inet6_bind")
int BPF_PROG(bind__fentry__v6, struct socket *socket, void *address, int len, int ret)
{
	return ret ? 0 : bound(ctx, net_sock(socket));
}

/* The socket of a system call whose first argument is its descriptor. */
static __always_inline struct sock *syscall_sock(void)
{
	return net_sock_of(pulsar_file(PT_REGS_PARM1_CORE_SYSCALL(net_regs())));
}

SEC("tp/syscalls/sys_exit_bind")
int bind__tp(struct trace_event_raw_sys_exit *ctx)
{
	struct sock *sk = ctx->ret ? NULL : syscall_sock();

	return sk ? bound(ctx, sk) : 0;
}

SEC("fexit/inet_listen")
int BPF_PROG(listen__fentry, struct socket *socket, int backlog, int ret)
{
	return ret ? 0 : listening(ctx, net_sock(socket));
}

SEC("tp/syscalls/sys_exit_listen")
int listen__tp(struct trace_event_raw_sys_exit *ctx)
{
	struct sock *sk = ctx->ret ? NULL : syscall_sock();

	return sk ? listening(ctx, sk) : 0;
}

/* ---- accept ---- */

static __always_inline int accepted(void *ctx, const struct sock *sk)
{
	struct accept *e;

	if (!sk || net_kind(sk) != NET_TCP)
		return 0;
	net_own(sk, NET_IDLE);
	e = pulsar_begin(struct accept);
	if (!e)
		return 0;
	net_remote(&e->source, sk);
	net_local(&e->destination, sk);
	e->is_tcp = true;
	return pulsar_submit(ctx, e);
}

/* Its arguments changed in Linux 6.10, its result did not. */
SEC("fexit/inet_csk_accept")
int BPF_PROG(accept__fentry, struct sock *listener)
{
	__u64 ret;

	if (bpf_get_func_ret(ctx, &ret))
		return 0;
	return accepted(ctx, (const struct sock *)ret);
}

SEC("tp/syscalls/sys_exit_accept")
int accept__tp(struct trace_event_raw_sys_exit *ctx)
{
	return accepted(ctx, net_sock_of(pulsar_file(ctx->ret)));
}

SEC("tp/syscalls/sys_exit_accept4")
int accept__tp__4(struct trace_event_raw_sys_exit *ctx)
{
	return accepted(ctx, net_sock_of(pulsar_file(ctx->ret)));
}

/* ---- connect ---- */

/*
 * TCP: the outcome is a change of the socket's state, whenever and wherever that
 * happens. Only attempts that end without one are told when connect() returns.
 */
static __noinline int connect_ended(void *ctx, struct net_socket *socket, const struct sock *sk,
				    __s32 result)
{
	struct connect *e = pulsar_begin_for(struct connect, socket->tgid);

	if (!e)
		return 0;
	net_owner_thread(&e->event, socket);
	net_remote(&e->destination, sk);
	net_local(&e->source, sk);
	net_match(&e->source, &e->destination);
	e->result = result;
	e->is_tcp = true;
	return pulsar_submit(ctx, e);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state__tp_btf, struct sock *sk, int from, int to)
{
	struct net_socket *socket;
	__s32 error;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (to == TCP_SYN_SENT) {
		net_own(sk, NET_CONNECTING);
		return 0;
	}
	if ((from != TCP_SYN_SENT && from != TCP_SYN_RECV) ||
	    (to != TCP_ESTABLISHED && to != TCP_CLOSE))
		return 0;
	socket = net_socket(sk);
	if (!socket || socket->connecting != NET_CONNECTING)
		return 0;
	error = to == TCP_CLOSE ? net_read(sk, sk_err) : 0;
	/* Without an error it is connect() or close() that ends the attempt, and they tell. */
	if (to == TCP_CLOSE && !error)
		return 0;
	socket->result = error;
	socket->connecting = error ? NET_UNCONNECTED : NET_IDLE;
	return connect_ended(ctx, socket, sk, error);
}

/* The attempt goes on, or was none. */
static __always_inline bool connect_goes_on(int ret)
{
	return ret == -EINPROGRESS || ret == -EALREADY || ret == -EISCONN || ret == -EINTR ||
	       (ret <= -ERESTARTSYS && ret >= -ERESTARTSYS - 4);
}

static __always_inline int connect_report(void *ctx, const struct sock *sk,
					  const struct pulsar_address *to, __s32 result,
					  bool is_tcp)
{
	struct connect *e = pulsar_begin(struct connect);

	if (!e)
		return 0;
	net_local(&e->source, sk);
	e->destination = *to;
	net_match(&e->source, &e->destination);
	e->result = result;
	e->is_tcp = is_tcp;
	return pulsar_submit(ctx, e);
}

static __always_inline int connect_returned_tcp(void *ctx, const struct sock *sk,
						const struct pulsar_address *to, int ret)
{
	struct net_socket *socket = net_socket(sk);
	__u32 was = socket ? socket->connecting : NET_IDLE;

	if (socket)
		socket->connecting = NET_IDLE;
	/* AF_UNSPEC gives an attempt up; otherwise the change of state has told of the success. */
	if (!ret)
		return was == NET_CONNECTING && !to->family
			       ? connect_ended(ctx, socket, sk, ECANCELED)
			       : 0;
	if (!to->family || (was == NET_UNCONNECTED && socket->result == -ret))
		return 0;
	/* MPTCP: the connection below it is a socket of its own, and has told. */
	if (net_read(sk, sk_protocol) == IPPROTO_MPTCP)
		return 0;
	return connect_report(ctx, sk, to, -ret, true);
}

static __always_inline int connect_returned(void *ctx, const struct sock *sk, const void *address,
					    __u32 len, bool user, int ret)
{
	enum net_kind kind = net_kind(sk);
	struct pulsar_address to;

	if (kind == NET_OTHER || connect_goes_on(ret))
		return 0;
	net_sockaddr(&to, address, len, user, false);
	if (kind == NET_TCP)
		return connect_returned_tcp(ctx, sk, &to, ret);
	if (!to.family)
		return 0;
	if (!ret) {
		net_own(sk, NET_IDLE);
		net_remote(&to, sk);
	}
	return connect_report(ctx, sk, &to, -ret, false);
}

SEC("fexit/inet_stream_connect")
int BPF_PROG(connect__fentry__stream, struct socket *socket, void *address, int len, int flags,
	     int ret)
{
	return connect_returned(ctx, net_sock(socket), address, len, false, ret);
}

SEC("fexit/inet_dgram_connect")
int BPF_PROG(connect__fentry__dgram, struct socket *socket, void *address, int len, int flags,
	     int ret)
{
	return connect_returned(ctx, net_sock(socket), address, len, false, ret);
}

SEC("tp/syscalls/sys_exit_connect")
int connect__tp(struct trace_event_raw_sys_exit *ctx)
{
	struct pt_regs *regs = net_regs();
	struct sock *sk = syscall_sock();

	if (!sk)
		return 0;
	return connect_returned(ctx, sk, (const void *)PT_REGS_PARM2_CORE_SYSCALL(regs),
				PT_REGS_PARM3_CORE_SYSCALL(regs), true, ctx->ret);
}

#include "network-close.bpf.h"

/* In the order of preference: fentry, */
#include "network-transfer.bpf.h"

/* tp_btf, */
#include "network-series.bpf.h"

/* kprobe. */
#include "network-kprobe.bpf.h"
