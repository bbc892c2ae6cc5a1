// SPDX-License-Identifier: Apache-2.0
/* One client, from its first packet to its end. */
#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "connection_attach.h"
#include "log.h"
#include "request.h"

/*
 * One descriptor is asked for; room for another shows that there were more, and the
 * kernel drops the rest.
 */
#define CONNECTION_FDS 2

_Static_assert(CONNECTION_FDS + 1 <= CLOSER_FDS, "the connection itself is closed with them");

/* ---- refusing ---- */

static void connection_complain(struct connection *connection, const char *what)
{
	complaints_add(&connection->connections->complaints, connection->pid, connection->uid,
		       what);
}

void connection_refuse(struct connection *connection, int err, const struct stream_holder *holder,
		       const char *text)
{
	connection_complain(connection, text);
	answer_error(connection->fd, -err, holder, text);
	connection_end(connection);
}

/* ---- control ---- */

/* The client's supplementary groups, as they were when it connected (SO_PEERGROUPS, socket(7)). */
static bool connection_in_group(int fd, gid_t gid)
{
	bool found = false;
	socklen_t len = 0;
	gid_t *groups;

	/* Tells how much room they need. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == 0 || errno != ERANGE)
		return false;
	groups = malloc(len);
	if (!groups)
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0)
		for (size_t i = 0; i < len / sizeof(*groups); i++)
			found |= groups[i] == gid;
	free(groups);
	return found;
}

static bool connection_is_admin(const struct connection *connection)
{
	gid_t admin = connection->connections->admin_gid;

	if (connection->uid == 0)
		return true;
	return admin != (gid_t)-1 &&
	       (connection->gid == admin || connection_in_group(connection->fd, admin));
}

static void connection_control(struct connection *connection, const struct request *request)
{
	const struct connections *connections = connection->connections;
	char *answer = NULL;
	int err;

	if (!connection_is_admin(connection)) {
		connection_refuse(connection, -EACCES, NULL,
				  "control is for root and members of the admin group");
		return;
	}
	err = connections->ops->control(connections->arg, request->json, request->json_len,
					&answer);
	if (!err)
		err = answer_control(connection->fd, answer);
	free(answer);
	if (err) {
		connection_refuse(connection, err, NULL,
				  err == -EMSGSIZE ? "the answer is too long" : strerror(-err));
		return;
	}
	sd_event_source_set_time_relative(connection->idle, connections->idle_usec);
}

/* ---- packets ---- */

/*
 * Descriptors go where they will be closed, whatever comes next. Returns how many there
 * were, or more than may be.
 */
static unsigned int connection_take_fds(struct connection *connection, struct msghdr *message)
{
	struct closer_job *job = connection->job;
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(message); cmsg; cmsg = CMSG_NXTHDR(message, cmsg)) {
		size_t count;

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count && job->count < CONNECTION_FDS; i++)
			memcpy(&job->fd[job->count++], CMSG_DATA(cmsg) + i * sizeof(int),
			       sizeof(int));
	}
	return job->count + (message->msg_flags & MSG_CTRUNC ? CONNECTION_FDS : 0);
}

/*
 * Bytes of the packet, which may be more than there was room for; 0: the client is
 * gone; or negative errno.
 */
static ssize_t connection_receive(struct connection *connection, unsigned int *fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(CONNECTION_FDS * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = connection->connections->packet,
			     .iov_len = PULSAR_WIRE_MAX };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	n = recvmsg(connection->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_TRUNC);
	if (n < 0)
		return -errno;
	*fds = connection_take_fds(connection, &message);
	return n;
}

static void connection_packet(struct connection *connection, size_t len, unsigned int fds)
{
	struct request request;
	const char *why;
	int err;

	if (connection->attached) {
		connection_refuse(connection, -EPROTO, NULL,
				  "a reader that has its rings has nothing to ask");
		return;
	}
	err = request_parse(connection->connections->packet, len, fds, &request, &why);
	if (err) {
		connection_refuse(connection, err, NULL, why);
		return;
	}
	if (request.type == PULSAR_ASK_RINGS)
		connection_attach(connection, &request);
	else
		connection_control(connection, &request);
}

static int connection_io(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct connection *connection = arg;
	unsigned int fds = 0;
	ssize_t n;

	(void)source;
	(void)fd;
	(void)revents;
	/* One packet at a time, so that nobody keeps the loop from the others. */
	n = connection_receive(connection, &fds);
	if (n == -EAGAIN || n == -EINTR)
		return 0;
	if (n <= 0)
		connection_end(connection);
	else
		connection_packet(connection, (size_t)n, fds);
	return 0;
}

static int connection_idle(sd_event_source *source, uint64_t usec, void *arg)
{
	struct connection *connection = arg;

	(void)source;
	(void)usec;
	log_debug("client was silent: pid %d, uid %u", (int)connection->pid,
		  (unsigned int)connection->uid);
	connection_end(connection);
	return 0;
}

/* ---- life ---- */

int connection_new(struct connections *connections, int fd, pid_t pid, uid_t uid, gid_t gid)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int err;

	if (!connection)
		return -ENOMEM;
	connection->connections = connections;
	connection->fd = fd;
	connection->pid = pid;
	connection->uid = uid;
	connection->gid = gid;
	connection->job = closer_job_new(uid);
	err = connection->job ? 0 : -ENOMEM;
	if (!err)
		err = sd_event_add_io(connections->event, &connection->io, fd, EPOLLIN,
				      connection_io, connection);
	if (err >= 0)
		err = sd_event_add_time_relative(connections->event, &connection->idle,
						 CLOCK_MONOTONIC, connections->idle_usec, 0,
						 connection_idle, connection);
	if (err < 0) {
		sd_event_source_disable_unref(connection->io);
		free(connection->job);
		free(connection);
		return err;
	}
	LIST_INSERT_HEAD(&connections->list, connection, entry);
	connections->count++;
	return 0;
}

int connection_push(struct connection *connection)
{
	int err;

	err = answer_rings(connection->fd, connection->subscription, false);
	if (err < 0) {
		connection_complain(connection, "it does not take the news of more rings");
		connection_end(connection);
	}
	return err > 0;
}

void connection_end(struct connection *connection)
{
	struct connections *connections = connection->connections;
	struct closer_job *job = connection->job;

	connection_detach(connection);
	LIST_REMOVE(connection, entry);
	connections->count--;
	sd_event_source_disable_unref(connection->io);
	sd_event_source_disable_unref(connection->idle);
	job->fd[job->count++] = connection->fd;
	closer_close(connections->closer, job);
	free(connection);
}
