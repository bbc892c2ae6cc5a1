// SPDX-License-Identifier: Apache-2.0
/* From the descriptor of a module's map to a leased subscription, and its end. */
#include "connection_attach.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "answer.h"
#include "connection.h"
#include "error.h"
#include "log.h"
#include "request.h"
#include "stream.h"
#include "subscription.h"

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

void connection_detach(struct connection *connection)
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

void connection_attach(struct connection *connection, const struct request *request)
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
