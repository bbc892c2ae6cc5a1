// SPDX-License-Identifier: Apache-2.0
/* loaderd's socket: who is let in. */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <pulsar/wire.h>

#include "answer.h"
#include "connection.h"
#include "error.h"
#include "listener.h"
#include "log.h"
#include "stream.h"

#define SERVER_CONNECTIONS 64
#define SERVER_PER_UID	   32
#define SERVER_IDLE_USEC   (5 * 1000000ull)
/* How long nobody is let in when there is no descriptor or memory for it. */
#define SERVER_PAUSE_USEC  (200 * 1000ull)

struct server {
	struct connections connections;
	struct listener listener;
	unsigned int connections_max;
	unsigned int per_uid;
	sd_event_source *accept;
	sd_event_source *pause;
	bool crowded; /* somebody could not be let in, and that was told */
};

/* ---- who is let in ---- */

static unsigned int server_count(const struct server *server, uid_t uid, unsigned int *total)
{
	const struct connection *connection;
	unsigned int count;

	count = closer_pending(server->connections.closer, uid, total);
	connection = LIST_FIRST(&server->connections.list);
	for (; connection; connection = LIST_NEXT(connection, entry))
		count += connection->uid == uid;
	*total += server->connections.count;
	return count;
}

/* NULL: there is room for one more of this user. */
static const char *server_full(const struct server *server, uid_t uid)
{
	unsigned int total, own = server_count(server, uid, &total);
	unsigned int max = server->connections_max + (uid == 0 ? SERVER_ROOT_RESERVE : 0);

	if (total >= max)
		return "too many clients";
	if (uid != 0 && own >= server->per_uid)
		return "too many clients of this user";
	return NULL;
}

/* The closer again: what the client may have sent already is dropped with the connection. */
static void server_close(struct server *server, int fd, uid_t uid)
{
	struct closer_job *job = closer_job_new(uid);

	if (!job) {
		close(fd);
		return;
	}
	job->fd[job->count++] = fd;
	closer_close(server->connections.closer, job);
}

static void server_admit(struct server *server, int fd)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(peer);
	const char *full;
	int err;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len)) {
		server_close(server, fd, peer.uid);
		return;
	}
	full = server_full(server, peer.uid);
	if (full) {
		complaints_add(&server->connections.complaints, peer.pid, peer.uid, full);
		answer_error(fd, ENOSPC, NULL, full);
		server_close(server, fd, peer.uid);
		return;
	}
	err = connection_new(&server->connections, fd, peer.pid, peer.uid, peer.gid);
	if (err < 0) {
		errno = -err;
		log_error("client of pid %d, uid %u: %m", (int)peer.pid, (unsigned int)peer.uid);
		server_close(server, fd, peer.uid);
	}
}

static int server_resume(sd_event_source *source, uint64_t usec, void *arg)
{
	struct server *server = arg;

	(void)source;
	(void)usec;
	sd_event_source_set_enabled(server->accept, SD_EVENT_ON);
	return 0;
}

/* Without it the loop would spin: the client that cannot be let in keeps the socket readable. */
static void server_wait(struct server *server)
{
	sd_event_source_set_enabled(server->accept, SD_EVENT_OFF);
	sd_event_source_set_time_relative(server->pause, SERVER_PAUSE_USEC);
	sd_event_source_set_enabled(server->pause, SD_EVENT_ONESHOT);
}

/* Told once until nobody waits any more: clients that come and go must not fill the log. */
static void server_crowded(struct server *server)
{
	if (!server->crowded)
		log_error("no client can be let in: %m; trying again until it works");
	server->crowded = true;
	server_wait(server);
}

static void server_relieved(struct server *server, int listener)
{
	struct pollfd waiting = { .fd = listener, .events = POLLIN };

	if (!server->crowded || poll(&waiting, 1, 0))
		return;
	log_info("clients are let in again");
	server->crowded = false;
}

/*
 * More jobs that do not end than a server full of clients makes: somebody sends what
 * cannot be closed.
 */
static bool server_stuck(const struct server *server)
{
	unsigned int total;

	server_count(server, 0, &total);
	return total >= 2 * (server->connections_max + SERVER_ROOT_RESERVE);
}

static int server_accept(sd_event_source *source, int listener, uint32_t revents, void *arg)
{
	struct server *server = arg;
	int fd;

	(void)source;
	(void)revents;
	if (server_stuck(server)) {
		server_wait(server);
		return 0;
	}
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		server_admit(server, fd);
		server_relieved(server, listener);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		server_crowded(server);
	}
	return 0;
}

/* ---- life ---- */

static int server_setup(struct server *server, sd_event *event)
{
	struct connections *connections = &server->connections;
	int err;

	connections->event = sd_event_ref(event);
	connections->packet = malloc(PULSAR_WIRE_MAX);
	connections->closer = closer_new(2 * (server->connections_max + SERVER_ROOT_RESERVE));
	if (!connections->packet || !connections->closer)
		return -ENOMEM;
	err = sd_event_add_io(event, &server->accept, server->listener.fd, EPOLLIN, server_accept,
			      server);
	if (err < 0)
		return err;
	err = sd_event_add_time_relative(event, &server->pause, CLOCK_MONOTONIC, 0, 0,
					 server_resume, server);
	if (err < 0)
		return err;
	return sd_event_source_set_enabled(server->pause, SD_EVENT_OFF);
}

static unsigned int or_default(unsigned int value, unsigned int otherwise)
{
	return value ? value : otherwise;
}

struct server *server_new(sd_event *event, const char *path, gid_t admin_gid,
			  const struct server_limits *limits, const struct server_ops *ops,
			  void *arg, struct pin_error *error)
{
	struct server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return NULL;
	server->listener = (struct listener)LISTENER_NONE;
	server->connections_max = or_default(limits ? limits->connections : 0, SERVER_CONNECTIONS);
	server->per_uid = or_default(limits ? limits->per_uid : 0, SERVER_PER_UID);
	server->connections.idle_usec = limits && limits->idle_usec ? limits->idle_usec
								    : SERVER_IDLE_USEC;
	server->connections.admin_gid = admin_gid;
	server->connections.ops = ops;
	server->connections.arg = arg;
	LIST_INIT(&server->connections.list);
	err = listener_open(&server->listener, path, error);
	if (err)
		goto out;
	err = server_setup(server, event);
	if (err < 0)
		error_set(error, err, "%s: %m", path);
out:
	if (err < 0) {
		server_free(server);
		errno = -err;
		return NULL;
	}
	return server;
}

int server_push_rings(struct server *server, struct stream *stream)
{
	struct connection *connection, *next;
	int told = 0;

	for (connection = LIST_FIRST(&server->connections.list); connection; connection = next) {
		next = LIST_NEXT(connection, entry);
		if (connection->attached && connection->stream == stream)
			told += connection_push(connection);
	}
	return told;
}

unsigned int server_connections(const struct server *server)
{
	unsigned int total;

	server_count(server, 0, &total);
	return total;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	while (!LIST_EMPTY(&server->connections.list))
		connection_end(LIST_FIRST(&server->connections.list));
	sd_event_source_disable_unref(server->accept);
	sd_event_source_disable_unref(server->pause);
	listener_close(&server->listener);
	closer_free(server->connections.closer);
	free(server->connections.packet);
	sd_event_unref(server->connections.event);
	free(server);
}
