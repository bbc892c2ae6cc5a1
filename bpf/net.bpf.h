/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets and their addresses, as the kernel keeps them and as processes write
 * them. IPv4 in IPv6 ("v4-mapped") comes out as IPv4 everywhere.
 */
#ifndef PULSAR_NET_BPF_H
#define PULSAR_NET_BPF_H

#include "pulsar.bpf.h"

#include <bpf/bpf_endian.h>

/* include/linux/socket.h, include/uapi/linux/in.h, in6.h, if_ether.h, stat.h */
#define AF_UNSPEC     0
#define AF_INET	      2
#define AF_INET6      10
#define SOCK_STREAM   1
#define SOCK_DGRAM    2
#define IPPROTO_TCP   6
#define IPPROTO_UDP   17
#define IPPROTO_MPTCP 262
#define ETH_P_IP      0x0800
#define S_IFMT	      0170000
#define S_IFSOCK      0140000

enum net_kind { NET_OTHER, NET_TCP, NET_UDP };

/* sk->field, of a socket that is there. */
#define net_read(sk, field) pulsar_read(struct sock, sk, field)

static __always_inline struct sock *net_sock(const struct socket *socket)
{
	return pulsar_read(struct socket, socket, sk);
}

/* TCP, UDP, or what is not reported: AF_UNIX, raw sockets, other protocols. */
static __always_inline enum net_kind net_kind(const struct sock *sk)
{
	__u16 family = net_read(sk, __sk_common.skc_family);
	__u16 protocol, type;

	if (family != AF_INET && family != AF_INET6)
		return NET_OTHER;
	protocol = net_read(sk, sk_protocol);
	type = net_read(sk, sk_type);
	if (type == SOCK_STREAM && (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP))
		return NET_TCP;
	return type == SOCK_DGRAM && protocol == IPPROTO_UDP ? NET_UDP : NET_OTHER;
}

/* The socket behind an open file; NULL if it is something else, or not ours to report. */
static __always_inline struct sock *net_sock_of(const struct file *file)
{
	struct socket *socket;
	struct inode *inode;
	struct sock *sk;

	if (!file)
		return NULL;
	inode = pulsar_read(struct file, file, f_inode);
	if ((pulsar_read(struct inode, inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = pulsar_read(struct file, file, private_data);
	sk = net_sock(socket);
	return sk && net_kind(sk) != NET_OTHER ? sk : NULL;
}

/* ---- addresses ---- */

/* The port comes in network order. */
static __always_inline void net_v4(struct pulsar_address *a, __be32 ip, __be16 port)
{
	__builtin_memset(a, 0, sizeof(*a));
	a->family = AF_INET;
	a->port = bpf_ntohs(port);
	__builtin_memcpy(a->ip, &ip, sizeof(ip));
}

static __always_inline bool net_is_link_local(const struct pulsar_address *a)
{
	return a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80; /* fe80::/10, RFC 4291 */
}

static __always_inline void net_v6(struct pulsar_address *a, const struct in6_addr *ip, __be16 port,
				   __u32 scope)
{
	__u32 word[4];

	__builtin_memcpy(word, ip, sizeof(word));
	if (!word[0] && !word[1] && word[2] == bpf_htonl(0xffff)) {
		net_v4(a, word[3], port);
		return;
	}
	a->family = AF_INET6;
	a->port = bpf_ntohs(port);
	__builtin_memcpy(a->ip, word, sizeof(word));
	a->scope = net_is_link_local(a) ? scope : 0;
}

/* Where a socket is bound, in *a; the port stays after the connection has ended. */
static __always_inline void net_local(struct pulsar_address *a, const struct sock *sk)
{
	__be16 port = pulsar_read(struct inet_sock, sk, inet_sport);
	struct in6_addr ip;

	if (net_read(sk, __sk_common.skc_family) == AF_INET6 &&
	    bpf_core_field_exists(sk->__sk_common.skc_v6_rcv_saddr)) {
		ip = net_read(sk, __sk_common.skc_v6_rcv_saddr);
		net_v6(a, &ip, port, net_read(sk, __sk_common.skc_bound_dev_if));
		return;
	}
	net_v4(a, net_read(sk, __sk_common.skc_rcv_saddr), port);
}

/* What a socket is connected to; family 0 if it is not. */
static __always_inline void net_remote(struct pulsar_address *a, const struct sock *sk)
{
	__be16 port = net_read(sk, __sk_common.skc_dport);
	struct in6_addr ip;

	if (!port) {
		__builtin_memset(a, 0, sizeof(*a));
		return;
	}
	if (net_read(sk, __sk_common.skc_family) == AF_INET6 &&
	    bpf_core_field_exists(sk->__sk_common.skc_v6_daddr)) {
		ip = net_read(sk, __sk_common.skc_v6_daddr);
		net_v6(a, &ip, port, net_read(sk, __sk_common.skc_bound_dev_if));
		return;
	}
	net_v4(a, net_read(sk, __sk_common.skc_daddr), port);
}

/* An IPv6 socket that talks IPv4 is bound to 0.0.0.0 rather than to ::. */
static __always_inline void net_match(struct pulsar_address *local,
				      const struct pulsar_address *remote)
{
	if (remote->family == AF_INET && local->family == AF_INET6) {
		local->family = AF_INET;
		__builtin_memset(local->ip, 0, sizeof(local->ip));
		local->scope = 0;
	}
}

/* What a process wrote as an address: struct sockaddr_in, or struct sockaddr_in6. */
struct net_sockaddr {
	__u16 family;
	__be16 port;
	union {
		__be32 v4;
		struct {
			__be32 flow;
			struct in6_addr v6;
			__u32 scope;
		};
	};
};

_Static_assert(sizeof(struct net_sockaddr) == 28, "include/uapi/linux/in6.h");

/*
 * Reads a sockaddr of `len` bytes into *a, family 0 if it is no address. With
 * `unspec` a family of 0 means IPv4, as it does for bind() and for sending through an
 * IPv4 socket (net/ipv4/udp.c, udp_sendmsg()).
 */
static __always_inline void net_sockaddr(struct pulsar_address *a, const void *from, __u32 len,
					 bool user, bool unspec)
{
	struct net_sockaddr s = {};
	long err;

	__builtin_memset(a, 0, sizeof(*a));
	if (!from || len < 16)
		return;
	/* The sizes that there are; 24 is an IPv6 address without a scope, net/ipv6/ipv6.h. */
	len = len < 24 ? 16 : len < sizeof(s) ? 24 : sizeof(s);
	err = user ? bpf_probe_read_user(&s, len, from) : bpf_probe_read_kernel(&s, len, from);
	if (err)
		return;
	if (s.family == AF_INET || (s.family == AF_UNSPEC && unspec))
		net_v4(a, s.v4, s.port);
	else if (s.family == AF_INET6 && len >= 24)
		net_v6(a, &s.v6, s.port, s.scope);
}

/* The sender of a UDP datagram, from its headers. */
static __always_inline void net_sender(struct pulsar_address *a, const struct sk_buff *skb)
{
	const unsigned char *head = pulsar_read(struct sk_buff, skb, head);
	const void *network = head + pulsar_read(struct sk_buff, skb, network_header);
	const void *transport = head + pulsar_read(struct sk_buff, skb, transport_header);
	__be16 port = pulsar_read(struct udphdr, transport, source);
	const struct inet6_skb_parm *parm;
	struct in6_addr ip;

	if (pulsar_read(struct sk_buff, skb, protocol) == bpf_htons(ETH_P_IP)) {
		net_v4(a, pulsar_read(struct iphdr, network, saddr), port);
		return;
	}
	ip = pulsar_read(struct ipv6hdr, network, saddr);
	/* The control block begins with that of IPv6, include/net/udp.h, struct udp_skb_cb. */
	parm = (const void *)skb + bpf_core_field_offset(struct sk_buff, cb);
	net_v6(a, &ip, port, pulsar_read(struct inet6_skb_parm, parm, iif));
}

#endif
