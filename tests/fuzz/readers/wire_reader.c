// SPDX-License-Identifier: Apache-2.0
/* Any packet as an answer to a reader. The input: one byte with the number of descriptors, the packet. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connect.h"

#define FDS_MAX 253 /* of one message, SCM_MAX_FD */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

static void say(int sock, int thing, const uint8_t *packet, size_t size, unsigned int fds)
{
	char control[CMSG_SPACE(FDS_MAX * sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = { .iov_base = (void *)packet, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	memset(control, 0, sizeof(control));
	if (fds) {
		struct cmsghdr *cmsg;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(fds * sizeof(int));
		for (unsigned int i = 0; i < fds; i++)
			memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &thing, sizeof(int));
	}
	/* Packets that are too long for the socket are none. */
	sendmsg(sock, &msg, MSG_DONTWAIT);
}

static void is_open(int fd)
{
	must(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
}

/* What the code behind the parser relies on. */
static void check_answer(const struct answer *answer, unsigned int fds)
{
	must(answer->slot < PULSAR_SUBSCRIPTIONS_MAX && answer->count < PULSAR_WIRE_FDS_MAX + 1);
	must(answer->data_pages && !(answer->data_pages & (answer->data_pages - 1)));
	must(fds == answer->first + answer->count);
	if (answer->first)
		is_open(answer->position_fd);
	else
		must(answer->position_fd == -1);
	for (unsigned int i = 0; i < answer->count; i++) {
		must(answer->ring[i].info.cpu < answer->cpus);
		is_open(answer->ring[i].fd);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct answer answer;
	struct refusal refusal = { 0 };
	unsigned int fds = size ? data[0] % (FDS_MAX + 1) : 0;
	int pair[2], thing, before, after, err;

	if (!size)
		return 0;
	thing = open("/dev/null", O_RDWR | O_CLOEXEC);
	must(thing >= 0 && !socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	before = dup(thing);
	close(before);
	say(pair[1], thing, data + 1, size - 1, fds);
	err = answer_rings(pair[0], &answer, &refusal);
	if (!err) {
		check_answer(&answer, fds);
		answer_release(&answer);
	} else if (err == -EREMOTEIO || err == -EPROTO) {
		must(refusal.error > 0 && memchr(refusal.text, '\0', sizeof(refusal.text)));
	}
	/* The lowest number that is free is the same again: nothing was left open. */
	after = dup(thing);
	must(after == before);
	close(after);
	close(thing);
	close(pair[0]);
	close(pair[1]);
	return 0;
}
