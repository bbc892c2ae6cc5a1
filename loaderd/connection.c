// SPDX-License-Identifier: Apache-2.0
/* One client, from its first packet to its end. */
#include "connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "answer.h"
#include "error.h"
#include "log.h"
#include "request.h"
#include "subscription.h"

/*
 * One descriptor is asked for; room for another shows that there were more, and the
 * kernel drops the rest.
 */
#define CONNECTION_FDS 2

_Static_assert(CONNECTION_FDS + 1 <= CLOSER_FDS, "the connection itself is closed with them");

/* ---- attaching ---- */

/* One process may read several subscriptions; the daemon is told of its first and its last. */
static bool connection_pid_attached(const struct connection *connection)
{
	const struct connection *other;

	other = LIST_FIRST(&connection->connections->list);
	for (; other; other = LIST_NEXT(other, entry))
		if (other != connection && other->attached && other->pid == connection->pid)
			return true;
	return false;
}

static void connection_tell(const struct connection *connection, bool on)
{
	const struct connections *connections = connection->connections;

	if (connections->ops->attached && connection->pid > 0 &&
	    !connection_pid_attached(connection))
		connections->ops->attached(connections->arg, connection->pid, on);
}

static void connection_detach(struct connection *connection)
{
	if (!connection->attached)
		return;
	if (connection->stream) {
		stream_release(connection->stream, connection);
		log_info("%s: reader of %s gone: pid %d, uid %u", stream_module(connection->stream),
			 connection->subscription->name, (int)connection->pid,
			 (unsigned int)connection->uid);
	}
	connection->attached = false;
	connection->stream = NULL;
	connection->subscription = NULL;
	connection_tell(connection, false);
}

/* struct stream_holder.gone */
static void connection_gone(void *arg)
{
	struct connection *connection = arg;

	log_info("%s: %s ends under its reader: pid %d, uid %u", stream_module(connection->stream),
		 connection->subscription->name, (int)connection->pid,
		 (unsigned int)connection->uid);
	connection->stream = NULL;
	connection_end(connection);
}

/*
 * Whether the holder has closed already and we only have not come to see it: the
 * next reader may be faster than the news that the last one was killed.
 */
static bool connection_hung_up(const struct connection *connection)
{
	struct pollfd pollfd = { .fd = connection->fd, .events = POLLRDHUP };

	return poll(&pollfd, 1, 0) > 0 && (pollfd.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static int connection_lease(struct connection *connection, struct stream *stream, const char *name,
			    struct stream_holder *busy, struct pin_error *error)
{
	const struct stream_holder holder = {
		.pid = connection->pid,
		.uid = connection->uid,
		.gone = connection_gone,
		.arg = connection,
	};
	int err;

	err = stream_lease(stream, name, &holder, &connection->subscription, busy, error);
	if (err != -EBUSY || !connection_hung_up(busy->arg))
		return err;
	connection_end(busy->arg);
	return stream_lease(stream, name, &holder, &connection->subscription, busy, error);
}

/* The id of a perf event array; 0: the descriptor is of anything else. */
static __u32 events_id(int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.type != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		return 0;
	return info.id;
}

/*
 * The descriptor of the request, which the closer's job holds, is a map of ours:
 * closing it does not block.
 */
static struct stream *connection_find(struct connection *connection)
{
	const struct connections *connections = connection->connections;
	struct closer_job *job = connection->job;
	struct stream *stream = NULL;
	__u32 id = events_id(job->fd[0]);

	if (id)
		stream = connections->ops->find(connections->arg, id);
	if (stream)
		close(job->fd[--job->count]);
	return stream;
}

static void connection_complain(struct connection *connection, const char *what)
{
	complaints_add(&connection->connections->complaints, connection->pid, connection->uid,
		       what);
}

/* Says no, and ends. */
static void connection_refuse(struct connection *connection, int err,
			      const struct stream_holder *holder, const char *text)
{
	connection_complain(connection, text);
	answer_error(connection->fd, -err, holder, text);
	connection_end(connection);
}

static void connection_rings(struct connection *connection, const struct request *request)
{
	struct stream *stream = connection_find(connection);
	struct stream_holder busy = {};
	struct pin_error error = {};
	int err;

	if (!stream) {
		connection_refuse(connection, -EACCES, NULL,
				  "the descriptor is not map events of a module");
		return;
	}
	err = connection_lease(connection, stream, request->subscription, &busy, &error);
	if (err) {
		connection_refuse(connection, err, busy.arg ? &busy : NULL, error.text);
		return;
	}
	/*
	 * Before the answer: the reader is excluded from the probes before it writes its first
	 * event.
	 */
	connection_tell(connection, true);
	connection->stream = stream;
	connection->attached = true;
	err = answer_rings(connection->fd, connection->subscription, true);
	if (err < 0) {
		connection_end(connection);
		return;
	}
	sd_event_source_set_enabled(connection->idle, SD_EVENT_OFF);
	log_info("%s: reader of %s: pid %d, uid %u, %d rings", stream_module(stream),
		 request->subscription, (int)connection->pid, (unsigned int)connection->uid, err);
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
		connection_rings(connection, &request);
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
