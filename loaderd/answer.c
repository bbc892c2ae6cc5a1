// SPDX-License-Identifier: Apache-2.0
/* What loaderd says to a client. */
#include "answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <pulsar/wire.h>

#include "subscription.h"

static struct pulsar_wire wire_header(enum pulsar_wire_type type, size_t size)
{
	return (struct pulsar_wire){
		.magic = PULSAR_WIRE_MAGIC,
		.version = PULSAR_WIRE_VERSION,
		.type = (__u16)type,
		.size = (__u32)size,
	};
}

static int answer_send(int fd, struct msghdr *message)
{
	return sendmsg(fd, message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* One message of ANSWER_RINGS while it is put together. */
struct answer_rings {
	int fds[PULSAR_WIRE_FDS_MAX];
	unsigned int fds_count;
	union {
		struct pulsar_answer_rings head;
		char room[sizeof(struct pulsar_answer_rings) +
			  PULSAR_WIRE_FDS_MAX * sizeof(struct pulsar_ring_info)];
	};
};

static void answer_rings_begin(struct answer_rings *answer, const struct subscription *subscription,
			       bool first)
{
	const struct stream_base *base = subscription->base;

	answer->fds_count = 0;
	answer->head = (struct pulsar_answer_rings){
		.slot = subscription->slot,
		.cpus = base->cpus,
		.data_pages = (__u32)(base->ring_bytes / (size_t)sysconf(_SC_PAGESIZE)),
		.first = first,
	};
	if (first)
		answer->fds[answer->fds_count++] = subscription->position;
}

static void answer_rings_add(struct answer_rings *answer, const struct ring *ring)
{
	answer->head.ring[answer->head.count++] = (struct pulsar_ring_info){
		.cpu = ring->cpu,
		.ring_id = ring->id,
		.settled_seq = ring->settled_seq,
	};
	answer->fds[answer->fds_count++] = ring->fd;
}

static int answer_rings_send(int fd, struct answer_rings *answer)
{
	size_t size = sizeof(answer->head) + answer->head.count * sizeof(answer->head.ring[0]);
	size_t fds_size = answer->fds_count * sizeof(answer->fds[0]);
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(answer->fds))];
	} control = {};
	struct iovec iov = { .iov_base = &answer->head, .iov_len = size };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(fds_size),
	};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

	answer->head.wire = wire_header(PULSAR_ANSWER_RINGS, size);
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(fds_size);
	memcpy(CMSG_DATA(rights), answer->fds, fds_size);
	return answer_send(fd, &message);
}

int answer_rings(int fd, struct subscription *subscription, bool first)
{
	struct answer_rings answer;
	int sent = 0, err;

	answer_rings_begin(&answer, subscription, first);
	for (unsigned int cpu = 0; cpu < subscription->base->cpus; cpu++) {
		struct ring *ring = &subscription->rings[cpu];

		if (ring->fd < 0 || ring->told)
			continue;
		/* Only now it is known that there is one more, after the full message. */
		if (answer.fds_count == PULSAR_WIRE_FDS_MAX) {
			answer.head.more = 1;
			err = answer_rings_send(fd, &answer);
			if (err)
				return err;
			answer_rings_begin(&answer, subscription, false);
		}
		answer_rings_add(&answer, ring);
		ring->told = true;
		sent++;
	}
	if (!answer.fds_count)
		return 0;
	err = answer_rings_send(fd, &answer);
	return err ? err : sent;
}

int answer_control(int fd, const char *json)
{
	size_t len = strlen(json);
	struct pulsar_wire wire = wire_header(PULSAR_ANSWER_CONTROL, sizeof(wire) + len);
	struct iovec iov[] = {
		{ .iov_base = &wire, .iov_len = sizeof(wire) },
		{ .iov_base = (void *)json, .iov_len = len },
	};
	struct msghdr message = { .msg_iov = iov, .msg_iovlen = 2 };

	if (len > PULSAR_WIRE_MAX - sizeof(wire))
		return -EMSGSIZE;
	return answer_send(fd, &message);
}

int answer_error(int fd, int error, const struct stream_holder *holder, const char *text)
{
	struct pulsar_answer_error answer = {
		.wire = wire_header(PULSAR_ANSWER_ERROR, sizeof(answer)),
		.error = error,
		.holder_pid = holder ? (__u32)holder->pid : 0,
		.holder_uid = holder ? (__u32)holder->uid : 0,
	};
	struct iovec iov = { .iov_base = &answer, .iov_len = sizeof(answer) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	snprintf(answer.text, sizeof(answer.text), "%s", text);
	return answer_send(fd, &message);
}
