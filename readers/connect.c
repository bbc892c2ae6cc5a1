// SPDX-License-Identifier: Apache-2.0
/* Messages to and from loaderd, and their descriptors. */
#include "connect.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* SCM_MAX_FD, include/net/scm.h: one message cannot carry more. */
#define FDS_MAX 253

/* 4 GiB of 4 KiB pages: more is a mistake, and the bytes of it far from an overflow. */
#define DATA_PAGES_MAX (1u << 20)

/* One byte more than any good message has, so that a longer one is noticed. */
union message {
	struct pulsar_wire wire;
	struct pulsar_answer_rings rings;
	struct pulsar_answer_error error;
	char bytes[sizeof(struct pulsar_answer_rings) +
		   PULSAR_WIRE_FDS_MAX * sizeof(struct pulsar_ring_info) + 1];
};

/* A message as it came, not yet judged. */
struct received {
	size_t len;
	int fd[FDS_MAX];
	unsigned int fds;
	bool odd; /* cut, or with control messages of another kind */
	union message message;
};

int connect_open(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock, err;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return -errno;
	if (connect(sock, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return sock;
	err = -errno;
	close(sock);
	return err;
}

int ask_rings(int sock, const char *subscription, int events_fd)
{
	struct pulsar_ask_rings ask = {
		.wire = {
			.magic = PULSAR_WIRE_MAGIC,
			.version = PULSAR_WIRE_VERSION,
			.type = PULSAR_ASK_RINGS,
			.size = sizeof(ask),
		},
	};
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { .iov_base = &ask, .iov_len = sizeof(ask) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	if (strlen(subscription) >= sizeof(ask.subscription))
		return -ENAMETOOLONG;
	strcpy(ask.subscription, subscription);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &events_fd, sizeof(int));
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* ---- receiving ---- */

static void received_release(struct received *r)
{
	for (unsigned int i = 0; i < r->fds; i++)
		close(r->fd[i]);
	r->fds = 0;
}

static void received_fds(struct received *r, const struct cmsghdr *cmsg)
{
	size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
		if (r->fds < FDS_MAX)
			r->fd[r->fds++] = fd;
		else
			close(fd);
	}
}

static int received_read(struct received *r, int sock)
{
	char control[CMSG_SPACE(FDS_MAX * sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = { .iov_base = &r->message, .iov_len = sizeof(r->message) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t len;

	r->fds = 0;
	do
		len = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	r->len = (size_t)len;
	r->odd = msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			received_fds(r, c);
		else
			r->odd = true;
	}
	return len == 0 ? -EPIPE : 0;
}

/* ---- judging ---- */

static int refuse(struct refusal *refusal, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(struct refusal *refusal, const char *format, ...)
{
	va_list args;

	memset(refusal, 0, sizeof(*refusal));
	refusal->error = EPROTO;
	va_start(args, format);
	vsnprintf(refusal->text, sizeof(refusal->text), format, args);
	va_end(args);
	return -EPROTO;
}

static int received_header(const struct received *r, struct refusal *refusal)
{
	const struct pulsar_wire *wire = &r->message.wire;

	if (r->odd)
		return refuse(refusal, "a message that was cut");
	if (r->len < sizeof(*wire))
		return refuse(refusal, "a message of %zu bytes", r->len);
	if (wire->magic != PULSAR_WIRE_MAGIC)
		return refuse(refusal, "a message with magic 0x%x", wire->magic);
	if (wire->version != PULSAR_WIRE_VERSION)
		return refuse(refusal, "a message of protocol version %u, this is %u",
			      wire->version, PULSAR_WIRE_VERSION);
	if (wire->size != r->len)
		return refuse(refusal, "a message of %zu bytes that claims %u", r->len, wire->size);
	if (wire->reserved)
		return refuse(refusal, "a message with reserved bits set");
	return 0;
}

static int received_error(const struct received *r, struct refusal *refusal)
{
	const struct pulsar_answer_error *error = &r->message.error;

	if (r->len != sizeof(*error))
		return refuse(refusal, "an error of %zu bytes", r->len);
	if (r->fds)
		return refuse(refusal, "an error with %u descriptors", r->fds);
	if (error->error <= 0)
		return refuse(refusal, "an error of number %d", error->error);
	refusal->error = error->error;
	refusal->holder_pid = error->holder_pid;
	refusal->holder_uid = error->holder_uid;
	_Static_assert(sizeof(refusal->text) == sizeof(error->text), "a text fits");
	memcpy(refusal->text, error->text, sizeof(refusal->text));
	refusal->text[sizeof(refusal->text) - 1] = '\0';
	return -EREMOTEIO;
}

static int received_rings(const struct received *r, struct refusal *refusal)
{
	const struct pulsar_answer_rings *rings = &r->message.rings;

	if (r->len < sizeof(*rings) || rings->count > PULSAR_WIRE_FDS_MAX ||
	    r->len != sizeof(*rings) + rings->count * sizeof(rings->ring[0]))
		return refuse(refusal, "rings in %zu bytes", r->len);
	if (rings->first > 1 || rings->more > 1)
		return refuse(refusal, "rings with flags that are neither 0 nor 1");
	if (r->fds != rings->first + rings->count)
		return refuse(refusal, "%u rings with %u descriptors", rings->count, r->fds);
	if (rings->slot >= PULSAR_SUBSCRIPTIONS_MAX)
		return refuse(refusal, "rings of slot %u", rings->slot);
	if (!rings->data_pages || rings->data_pages > DATA_PAGES_MAX ||
	    (rings->data_pages & (rings->data_pages - 1)))
		return refuse(refusal, "rings of %u pages", rings->data_pages);
	for (unsigned int i = 0; i < rings->count; i++)
		if (rings->ring[i].cpu >= rings->cpus)
			return refuse(refusal, "a ring of CPU %u of %u", rings->ring[i].cpu,
				      rings->cpus);
	return 0;
}

/* The descriptors go from one to the other. */
static void answer_fill(struct answer *answer, struct received *r)
{
	const struct pulsar_answer_rings *rings = &r->message.rings;
	unsigned int fd = 0;

	answer->first = rings->first;
	answer->more = rings->more;
	answer->slot = rings->slot;
	answer->cpus = rings->cpus;
	answer->data_pages = rings->data_pages;
	answer->count = rings->count;
	answer->position_fd = rings->first ? r->fd[fd++] : -1;
	for (unsigned int i = 0; i < rings->count; i++) {
		answer->ring[i].info = rings->ring[i];
		answer->ring[i].fd = r->fd[fd++];
	}
	r->fds = 0;
}

int answer_rings(int sock, struct answer *answer, struct refusal *refusal)
{
	struct received r;
	int err;

	err = received_read(&r, sock);
	if (err)
		goto out;
	err = received_header(&r, refusal);
	if (err)
		goto out;
	switch (r.message.wire.type) {
	case PULSAR_ANSWER_RINGS:
		err = received_rings(&r, refusal);
		break;
	case PULSAR_ANSWER_ERROR:
		err = received_error(&r, refusal);
		break;
	default:
		err = refuse(refusal, "a message of type %u", r.message.wire.type);
	}
	if (!err)
		answer_fill(answer, &r);
out:
	received_release(&r);
	return err;
}

void answer_release(struct answer *answer)
{
	if (answer->position_fd >= 0)
		close(answer->position_fd);
	answer->position_fd = -1;
	for (unsigned int i = 0; i < answer->count; i++)
		if (answer->ring[i].fd >= 0)
			close(answer->ring[i].fd);
	answer->count = 0;
}
