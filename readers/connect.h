/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader's half of what goes over loaderd's socket, see pulsar/wire.h: one
 * call for each message. What arrives is checked as a whole before any of it is
 * used; a message that is not exactly as it should be is refused, and its
 * descriptors are closed. When to connect, and again, is decided in link.h.
 */
#ifndef READERS_CONNECT_H
#define READERS_CONNECT_H

#include <stdbool.h>
#include <stddef.h>

#include <pulsar/wire.h>

/* A ring that loaderd has given us. */
struct answer_ring {
	struct pulsar_ring_info info;
	int fd; /* of its quiet perf event; -1 once somebody has taken it */
};

/* A PULSAR_ANSWER_RINGS that was found to be good. */
struct answer {
	bool first; /* it begins the answer to a request */
	bool more;  /* another one follows at once */
	unsigned int slot;
	unsigned int cpus;
	unsigned int data_pages;
	int position_fd;    /* only if first; -1 otherwise, or once somebody has taken it */
	unsigned int count; /* entries of ring[] */
	struct answer_ring ring[PULSAR_WIRE_FDS_MAX];
};

/* Why there is no answer. */
struct refusal {
	int error;		 /* positive errno */
	unsigned int holder_pid; /* EBUSY: who has the subscription */
	unsigned int holder_uid;
	char text[160]; /* for people; what a peer sent may hold any bytes but NUL */
};

/**
 * connect_open() - connect to loaderd, without waiting
 * @path: of its socket, shorter than sockaddr_un.sun_path
 *
 * Return: a non-blocking socket that the caller closes, or negative errno:
 * -ENOENT, -ECONNREFUSED nobody is there; -EACCES; -EAGAIN too many wait.
 */
int connect_open(const char *path);

/**
 * ask_rings() - ask for the rings of a subscription
 * @sock: connected
 * @subscription: its name, shorter than PULSAR_SUBSCRIPTION_LEN
 * @events_fd: the module's map `events`, opened read-only; stays the caller's
 *
 * Return: 0 or negative errno.
 */
int ask_rings(int sock, const char *subscription, int events_fd);

/**
 * answer_rings() - receive one message, without waiting
 * @sock: connected
 * @answer: out: valid only if 0 is returned, and then released with answer_release()
 * @refusal: out: filled if -EREMOTEIO or -EPROTO is returned
 *
 * Return: 0; -EAGAIN there is none; -EPIPE the peer has closed; -EREMOTEIO loaderd
 * refuses; -EPROTO it was not a message that loaderd may send; another negative
 * errno of recvmsg(2). After all but -EAGAIN the connection is of no use.
 */
int answer_rings(int sock, struct answer *answer, struct refusal *refusal);

/* Closes the descriptors that nobody has taken. */
void answer_release(struct answer *answer);

#endif
