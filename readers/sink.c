// SPDX-License-Identifier: Apache-2.0
/* Writes lines. */
#include "sink.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "stop.h"

#define RETRY_MS 1000

void sink_init(struct sink *sink, int fd)
{
	*sink = (struct sink){ .fd = fd };
}

/*
 * Until the output takes more, or for a second. Returns false if the end was
 * requested and that second is over: poll() is interrupted by the nudges, too.
 */
static bool sink_wait(const struct sink *sink, short events)
{
	struct pollfd wait[2] = {
		{ .fd = sink->fd, .events = events },
		{ .fd = stop_requested() ? -1 : stop_fd(), .events = POLLIN },
	};
	bool stopping = stop_requested();

	if (!events)
		wait[0].fd = -1;
	return poll(wait, 2, RETRY_MS) > 0 || !stopping;
}

static void sink_failed(struct sink *sink)
{
	if (!sink->failing)
		log_error("cannot write: %s; trying again each second", strerror(errno));
	sink->failing = true;
}

static void sink_works(struct sink *sink)
{
	if (sink->failing)
		log_error("writing works again");
	sink->failing = false;
}

/* What to do about errno: 0 try again, or the end of it. */
static int sink_error(struct sink *sink, bool *interrupted)
{
	switch (errno) {
	case EINTR:
		/* By the request itself, and a second later by the nudge: see stop.h. */
		if (*interrupted)
			return -ECANCELED;
		*interrupted = stop_requested();
		return 0;
	case EAGAIN:
		return sink_wait(sink, POLLOUT) ? 0 : -ECANCELED;
	case ECONNRESET:
		return -EPIPE;
	case EPIPE:
	case EBADF:
	case EINVAL:
	case EFAULT:
		return -errno;
	default:
		sink_failed(sink);
		return sink_wait(sink, 0) ? 0 : -ECANCELED;
	}
}

int sink_write(struct sink *sink, const char *data, size_t len)
{
	bool interrupted = false;

	while (len) {
		ssize_t written = write(sink->fd, data, len);
		int err;

		if (written >= 0) {
			if (written)
				sink_works(sink);
			/* A write that was interrupted says so by being short. */
			interrupted = (size_t)written < len && stop_requested();
			data += written;
			len -= (size_t)written;
			continue;
		}
		err = sink_error(sink, &interrupted);
		if (err)
			return err;
	}
	return 0;
}
