/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The part of network-monitor that tells of the end of sockets. */
#ifndef PULSAR_NETWORK_CLOSE_BPF_H
#define PULSAR_NETWORK_CLOSE_BPF_H

static __noinline int close_report(void *ctx, const struct sock *sk, struct net_socket *owner)
{
	bool other = owner && net_owner_lives(owner);
	struct close *e;

	if (other)
		e = pulsar_begin_for(struct close, owner->tgid);
	else
		e = pulsar_begin(struct close);
	if (!e)
		return 0;
	if (other)
		net_owner_thread(&e->event, owner);
	e->original_pid = owner ? owner->tgid : e->event.tgid;
	net_local(&e->source, sk);
	net_remote(&e->destination, sk);
	net_match(&e->source, &e->destination);
	e->is_tcp = net_kind(sk) == NET_TCP;
	return pulsar_submit(ctx, e);
}

/* The last descriptor of a socket was closed. One that was never used has no address to tell. */
static __always_inline int closed(void *ctx, const struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct net_socket *socket, owner;

	if (!sk || net_kind(sk) == NET_OTHER)
		return 0;
	socket = net_socket(sk);
	if (!socket) {
		if (!pulsar_read(struct inet_sock, sk, inet_sport))
			return 0;
		return close_report(ctx, sk, NULL);
	}
	owner = *socket;
	bpf_map_delete_elem(&sockets, &key);
	if (owner.connecting == NET_CONNECTING)
		connect_ended(ctx, &owner, sk, ECANCELED);
	return close_report(ctx, sk, &owner);
}

SEC("fentry/inet_release")
int BPF_PROG(close__fentry, struct socket *socket)
{
	return closed(ctx, net_sock(socket));
}

SEC("kprobe/inet_release")
int BPF_KPROBE(close__kprobe, struct socket *socket)
{
	return closed(ctx, net_sock(socket));
}

/* inet_release() calls this before anything else. */
SEC("cgroup/sock_release")
int close__cgroup(struct bpf_sock *ctx)
{
	closed(ctx, (const struct sock *)ctx);
	return 1;
}

/*
 * Where no cgroup2 is mounted: TCP alone, of sockets in the table. A socket that is
 * closed changes its state while the count of its file's users is at its end; one that is
 * in its last state already is destroyed at once. Closing removes the socket from the
 * table, so that it is told once.
 */
struct file___before_6_13 {
	struct {
		__s64 counter;
	} f_count;
};

struct file___since_6_13 {
	struct {
		struct {
			__s64 counter;
		} refcnt;
	} f_ref;
};

static __always_inline bool file_is_over(const struct file *file)
{
	const struct file___since_6_13 *f = (const void *)file;

	/* include/linux/file_ref.h: no user is left if it is negative. */
	if (bpf_core_field_exists(f->f_ref))
		return BPF_CORE_READ(f, f_ref.refcnt.counter) < 0;
	return !BPF_CORE_READ((const struct file___before_6_13 *)file, f_count.counter);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(close__tcp__state, struct sock *sk, int from, int to)
{
	struct socket *socket = net_read(sk, sk_socket);
	struct file *file = socket ? pulsar_read(struct socket, socket, file) : NULL;

	return file && file_is_over(file) && net_socket(sk) ? closed(ctx, sk) : 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(close__tcp__destroy, struct sock *sk)
{
	return net_socket(sk) ? closed(ctx, sk) : 0;
}

#endif
