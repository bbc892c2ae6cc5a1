// SPDX-License-Identifier: Apache-2.0
/* A loaderd that says anything. */
#include "stream_peer.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

unsigned int peer_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	cr_assert(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

void peer_init(struct peer *peer)
{
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	peer->ours = pair[0];
	peer->theirs = pair[1];
	peer->thing = memfd_create("thing", MFD_CLOEXEC);
	cr_assert_geq(peer->thing, 0);
	peer->fds = peer_open_fds();
}

void peer_release(struct peer *peer)
{
	cr_expect_eq(peer_open_fds(), peer->fds, "a descriptor was left open, or closed twice");
	close(peer->ours);
	close(peer->thing);
	if (peer->theirs >= 0)
		close(peer->theirs);
}

void peer_closes(struct peer *peer)
{
	close(peer->theirs);
	peer->theirs = -1;
	peer->fds--;
}

/* The server sends `len` bytes of peer->message, and `fds` descriptors. */
void peer_says(struct peer *peer, size_t len, unsigned int fds)
{
	union {
		char bytes[CMSG_SPACE(PEER_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = &peer->message, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fds) {
		struct cmsghdr *cmsg;

		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(fds * sizeof(int));
		for (unsigned int i = 0; i < fds; i++)
			memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &peer->thing, sizeof(int));
	}
	cr_assert_eq(sendmsg(peer->theirs, &msg, 0), (ssize_t)len);
}

size_t peer_good(struct peer *peer, unsigned int count)
{
	size_t len = sizeof(peer->message.rings) + count * sizeof(struct pulsar_ring_info);

	memset(&peer->message, 0, sizeof(peer->message));
	peer->message.rings.wire = (struct pulsar_wire){
		.magic = PULSAR_WIRE_MAGIC,
		.version = PULSAR_WIRE_VERSION,
		.type = PULSAR_ANSWER_RINGS,
		.size = (__u32)len,
	};
	peer->message.rings.slot = 2;
	peer->message.rings.cpus = 300;
	peer->message.rings.data_pages = 16;
	peer->message.rings.first = 1;
	peer->message.rings.count = count;
	for (unsigned int i = 0; i < count; i++)
		peer->message.rings.ring[i] = (struct pulsar_ring_info){ .cpu = i,
									 .ring_id = 1000 + i,
									 .settled_seq = i };
	return len;
}

size_t peer_refusal(struct peer *peer, int error)
{
	memset(&peer->message, 0, sizeof(peer->message));
	peer->message.error.wire = (struct pulsar_wire){
		.magic = PULSAR_WIRE_MAGIC,
		.version = PULSAR_WIRE_VERSION,
		.type = PULSAR_ANSWER_ERROR,
		.size = sizeof(peer->message.error),
	};
	peer->message.error.error = error;
	return sizeof(peer->message.error);
}
