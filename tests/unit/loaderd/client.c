// SPDX-License-Identifier: Apache-2.0
/* Scripted clients of a server in the same process. */
#include "client.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* SCM_MAX_FD, include/net/scm.h: more than a well-meaning client sends. */
#define CLIENT_FDS_MAX 253

int client_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0, "%s",
		     strerror(errno));
	return fd;
}

void client_send(int client, const void *bytes, size_t len, const int *fds, unsigned int count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(CLIENT_FDS_MAX * sizeof(int))];
	} control = {};
	struct iovec iov = { .iov_base = (void *)bytes, .iov_len = len };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	cr_assert_leq(count, CLIENT_FDS_MAX);
	if (count) {
		struct cmsghdr *rights;

		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		rights = CMSG_FIRSTHDR(&message);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
	}
	cr_assert_geq(sendmsg(client, &message, MSG_NOSIGNAL), 0, "%s", strerror(errno));
}

struct pulsar_ask_rings client_question(const char *subscription)
{
	struct pulsar_ask_rings ask = {
		.wire = {
			.magic = PULSAR_WIRE_MAGIC,
			.version = PULSAR_WIRE_VERSION,
			.type = PULSAR_ASK_RINGS,
			.size = sizeof(ask),
		},
	};

	strncpy(ask.subscription, subscription, sizeof(ask.subscription) - 1);
	return ask;
}

void client_ask(int client, const char *subscription, int events)
{
	const struct pulsar_ask_rings ask = client_question(subscription);

	client_send(client, &ask, sizeof(ask), &events, 1);
}

static ssize_t got_receive(int client, struct got *got)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(got->fds))];
	} control;
	struct iovec iov = { .iov_base = got->bytes, .iov_len = sizeof(got->bytes) };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *rights;

	got->len = recvmsg(client, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	got->fds_count = 0;
	if (got->len < 0)
		return got->len;
	cr_assert_eq(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC), 0);
	rights = CMSG_FIRSTHDR(&message);
	if (!rights)
		return got->len;
	got->fds_count = (unsigned int)((rights->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(got->fds, CMSG_DATA(rights), got->fds_count * sizeof(int));
	return got->len;
}

void client_get(sd_event *event, int client, struct got *got)
{
	while (got_receive(client, got) < 0) {
		if (errno == ECONNRESET) {
			got->len = 0; /* the server ended it and dropped what it had not read */
			return;
		}
		cr_assert_eq(errno, EAGAIN, "%s", strerror(errno));
		cr_assert_geq(sd_event_run(event, 10000), 0);
	}
}

void got_release(struct got *got)
{
	for (unsigned int i = 0; i < got->fds_count; i++)
		close(got->fds[i]);
	got->fds_count = 0;
}

static const struct pulsar_wire *got_wire(const struct got *got, enum pulsar_wire_type type)
{
	const struct pulsar_wire *wire = (const void *)got->bytes;

	cr_assert_geq(got->len, (ssize_t)sizeof(*wire), "%zd bytes", got->len);
	cr_assert_eq(wire->magic, PULSAR_WIRE_MAGIC);
	cr_assert_eq(wire->version, PULSAR_WIRE_VERSION);
	cr_assert_eq(wire->size, got->len);
	cr_assert_eq(wire->type, type, "type %u, not %u", wire->type, type);
	return wire;
}

const struct pulsar_answer_rings *got_rings(const struct got *got)
{
	const struct pulsar_answer_rings *answer = (const void *)got_wire(got, PULSAR_ANSWER_RINGS);

	cr_assert_eq(got->len,
		     (ssize_t)(sizeof(*answer) + answer->count * sizeof(answer->ring[0])));
	cr_assert_eq(got->fds_count, answer->count + answer->first);
	return answer;
}

const struct pulsar_answer_error *got_error(const struct got *got)
{
	const struct pulsar_answer_error *answer = (const void *)got_wire(got, PULSAR_ANSWER_ERROR);

	cr_assert_eq(got->len, (ssize_t)sizeof(*answer));
	cr_assert_eq(got->fds_count, 0);
	return answer;
}

void client_ended(sd_event *event, int client)
{
	struct got got;

	do {
		client_get(event, client, &got);
		got_release(&got);
	} while (got.len);
}
