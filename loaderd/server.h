/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loaderd's socket: who may connect, how many, for how long, and what a message
 * of theirs may be. Anything that is not as include/pulsar/wire.h says ends that
 * client's connection and nothing else.
 */
#ifndef LOADERD_SERVER_H
#define LOADERD_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <systemd/sd-event.h>

#include <linux/types.h>

struct pin_error;
struct server;
struct stream;

/* What the server asks of the daemon. Called in the loop; `arg` is server_new()'s. */
struct server_ops {
	/* The stream whose map `events` has this id, or NULL. */
	struct stream *(*find)(void *arg, __u32 events_id);
	/*
	 * Answers a request of root or an admin: `json` is `len` bytes, not
	 * NUL-terminated and hostile in form. *answer: JSON, malloc'ed, freed by the server.
	 * A negative errno is answered as an error.
	 */
	int (*control)(void *arg, const char *json, size_t len, char **answer);
	/* A reader got a subscription (on), or gave it back. NULL: nobody cares. */
	void (*attached)(void *arg, pid_t pid, bool on);
};

/* 0: the default. */
struct server_limits {
	unsigned int connections; /* 64; root gets SERVER_ROOT_RESERVE more */
	unsigned int per_uid;	  /* 32, for each uid but root */
	uint64_t idle_usec;	  /* 5 s: without a lease, a client has to ask within it */
};

#define SERVER_ROOT_RESERVE 8

/**
 * server_new() - listen at @path
 * @event: the daemon's loop, referenced
 * @path: of the socket; its directory is made, 0755, when missing
 * @admin_gid: members may send control requests, as root may; (gid_t)-1: nobody else
 * @limits: copied; NULL: the defaults
 * @ops: borrowed, outlives the server
 * @arg: for @ops
 * @error: says what was wrong
 *
 * A socket left at @path is replaced if it is ours (owner) and nobody answers there.
 *
 * Return: a server, or NULL with errno: EADDRINUSE another loaderd answers there,
 * EEXIST something else is there, ENAMETOOLONG.
 */
struct server *server_new(sd_event *event, const char *path, gid_t admin_gid,
			  const struct server_limits *limits, const struct server_ops *ops,
			  void *arg, struct pin_error *error);

/**
 * server_push_rings() - tell the readers of @stream about rings opened since they were answered
 *
 * A reader that does not take the message loses its connection.
 *
 * Return: how many readers were told.
 */
int server_push_rings(struct server *server, struct stream *stream);

/* Clients connected, those included whose end is not yet done. */
unsigned int server_connections(const struct server *server);

/* Closes all connections and removes the socket. NULL is fine. */
void server_free(struct server *server);

#endif
