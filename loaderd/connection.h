/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client: connected, then perhaps attached to a subscription, until either side ends it.
 *
 *   connected   may ask; ends when it is silent for too long
 *   attached    has a subscription, until it closes; has nothing more to say
 */
#ifndef LOADERD_CONNECTION_H
#define LOADERD_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include <systemd/sd-event.h>

#include "closer.h"
#include "complaints.h"
#include "server.h"

struct stream_holder;
struct subscription;

/* What all connections of a server share; the server's. */
struct connections {
	LIST_HEAD(, connection) list;
	unsigned int count; /* entries of list */
	sd_event *event;
	gid_t admin_gid;
	uint64_t idle_usec;
	const struct server_ops *ops;
	void *arg;
	struct closer *closer;
	char *packet; /* room for PULSAR_WIRE_MAX bytes; only one packet is in hand at a time */
	struct complaints complaints;
};

struct connection {
	LIST_ENTRY(connection) entry;
	struct connections *connections;
	int fd;
	pid_t pid; /* SO_PEERCRED: who connected; 0: of another pid namespace */
	uid_t uid;
	gid_t gid;
	sd_event_source *io;
	sd_event_source *idle;
	struct stream *stream; /* attached: whose subscription it has; NULL when that is gone */
	struct subscription *subscription;
	bool attached;
	struct closer_job *job; /* for its end; received descriptors go in there at once */
};

/**
 * connection_new() - take over a client that was accepted
 * @fd: owned by it on success only
 * @uid: of the client
 *
 * Return: 0 or negative errno.
 */
int connection_new(struct connections *connections, int fd, pid_t pid, uid_t uid, gid_t gid);

/*
 * Tells an attached reader about rings that are new: 1 told, 0 nothing to tell; on
 * failure the connection has ended.
 */
int connection_push(struct connection *connection);

/**
 * connection_refuse() - say no, and end
 * @err: negative errno
 * @holder: who has what was asked for; NULL: nobody
 */
void connection_refuse(struct connection *connection, int err, const struct stream_holder *holder,
		       const char *text);

/* Gives back the subscription and hands all descriptors to the closer. */
void connection_end(struct connection *connection);

#endif
