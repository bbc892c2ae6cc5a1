/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of sockets: which process a socket belongs to, and how far a connect
 * has come. What happens to a connection in softirq, and its end on behalf of another
 * process, is attributed by it.
 */
#ifndef PULSAR_NET_SOCKET_BPF_H
#define PULSAR_NET_SOCKET_BPF_H

#include "net.bpf.h"
#include "table.bpf.h"

enum net_connecting {
	NET_IDLE,
	NET_CONNECTING,	 /* the outcome will be told */
	NET_UNCONNECTED, /* it failed with `result`, and that was told */
};

struct net_socket {
	__u64 start_time_ns; /* of the owner: tells it from a later one of the same number */
	__u32 tgid;	     /* the owner: who connected, accepted, bound or first used it */
	__u32 tid;
	char comm[PULSAR_COMM_LEN];
	__u32 connecting; /* enum net_connecting */
	__s32 result;
	/*
	 * Kernels without fentry: the sender of the datagram at the head of the queue.
	 * Valid only if `next_known`; whoever sets that has written the rest.
	 */
	__u32 next_known;
	__u32 next_len;
	struct pulsar_address next;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64); /* address of the struct sock */
	__type(value, struct net_socket);
} sockets SEC(".maps");

/* Sockets that found no room in the table; their Close names the process that closes. */
struct sockets_refused {
	struct pulsar_event event;
	__u64 count __counter;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sockets_refused);
} refused SEC(".maps") PULSAR_TABLE;

static __always_inline struct net_socket *net_socket(const struct sock *sk)
{
	__u64 key = (__u64)sk;

	return bpf_map_lookup_elem(&sockets, &key);
}

/* The current process owns the socket from now on, if there is room. */
static __always_inline void net_own(const struct sock *sk, enum net_connecting connecting)
{
	struct task_struct *task = pulsar_task();
	struct net_socket socket = {};
	__u64 key = (__u64)sk;
	__u32 zero = 0;
	struct sockets_refused *r;

	socket.start_time_ns = task->group_leader->start_boottime;
	socket.tgid = task->tgid;
	socket.tid = task->pid;
	pulsar_copy_words(socket.comm, __builtin_preserve_access_index(&task->comm),
			  sizeof(socket.comm));
	socket.connecting = connecting;
	if (!bpf_map_update_elem(&sockets, &key, &socket, BPF_ANY))
		return;
	r = bpf_map_lookup_elem(&refused, &zero);
	if (r && !r->event.size)
		pulsar_row_mark(r);
	if (r)
		__sync_fetch_and_add(&r->count, 1);
}

/* Of a socket that others may have used before. NULL: there is no room. */
static __always_inline struct net_socket *net_own_new(const struct sock *sk)
{
	struct net_socket *socket = net_socket(sk);

	if (socket)
		return socket;
	net_own(sk, NET_IDLE);
	return net_socket(sk);
}

/* Whether the owner is still there, so that an event can be attributed to it. */
static __always_inline bool net_owner_lives(const struct net_socket *socket)
{
	__u32 tgid = socket->tgid;
	struct pulsar_process *p = bpf_map_lookup_elem(&core_processes, &tgid);

	return p && p->start_time_ns == socket->start_time_ns;
}

/* After begin_for(): which of the owner's threads it was. */
static __always_inline void net_owner_thread(struct pulsar_event *e,
					     const struct net_socket *socket)
{
	e->tid = socket->tid;
	__builtin_memcpy(e->comm, socket->comm, sizeof(e->comm));
}

/* ---- the sender of the next datagram, where no hook sees a datagram being read ---- */

/*
 * The datagram that the next reader gets: readers take them from a queue of their own
 * first, net/ipv4/udp.c, __skb_recv_udp(). Looked at without the queue's lock.
 */
static __always_inline struct sk_buff *net_queue_head(const struct sock *sk)
{
	const void *reader =
		(const void *)sk + bpf_core_field_offset(struct udp_sock, reader_queue);
	const void *queue = (const void *)sk + bpf_core_field_offset(struct sock, sk_receive_queue);
	struct sk_buff *skb = pulsar_read(struct udp_sock, sk, reader_queue.next);

	if (skb && skb != reader)
		return skb;
	skb = net_read(sk, sk_receive_queue.next);
	return skb && skb != queue ? skb : NULL;
}

/* Notes the sender of the datagram at the head, if there is one and it is not noted yet. */
static __always_inline void net_next_note(struct net_socket *socket, const struct sock *sk)
{
	struct pulsar_address sender;
	struct sk_buff *skb;
	__u32 len;

	if (*(volatile __u32 *)&socket->next_known)
		return;
	skb = net_queue_head(sk);
	if (!skb)
		return;
	net_sender(&sender, skb);
	len = pulsar_read(struct sk_buff, skb, len);
	/* Somebody may have read and freed it meanwhile. */
	if (net_queue_head(sk) != skb)
		return;
	socket->next = sender;
	socket->next_len = len;
	barrier();
	*(volatile __u32 *)&socket->next_known = 1;
}

/*
 * A datagram of `len` bytes was read: its sender, family 0 if that is not known for
 * sure. Several threads that read from one socket at the same time may have
 * taken them in another order, which the length tells in most cases.
 */
static __always_inline void net_next_take(struct net_socket *socket, const struct sock *sk,
					  __u32 len, struct pulsar_address *sender)
{
	if (*(volatile __u32 *)&socket->next_known) {
		if (socket->next_len >= len)
			*sender = socket->next;
		*(volatile __u32 *)&socket->next_known = 0;
	}
	net_next_note(socket, sk);
}

#endif
