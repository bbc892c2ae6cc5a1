// SPDX-License-Identifier: Apache-2.0
/* The reader's half of the protocol, as it should go. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stream_peer.h"

static struct peer peer;

static void setup(void)
{
	peer_init(&peer);
}

static void teardown(void)
{
	peer_release(&peer);
}

TestSuite(connect, .init = setup, .fini = teardown);

Test(connect, question_carries_name_and_descriptor)
{
	struct pulsar_ask_rings ask;
	char control[CMSG_SPACE(4 * sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = { .iov_base = &ask, .iov_len = sizeof(ask) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct stat sent, received;
	struct cmsghdr *cmsg;
	int fd;

	cr_assert_eq(ask_rings(peer.ours, "siem", peer.thing), 0);
	cr_assert_eq(recvmsg(peer.theirs, &msg, MSG_CMSG_CLOEXEC), sizeof(ask));
	cr_expect_eq(ask.wire.magic, PULSAR_WIRE_MAGIC);
	cr_expect_eq(ask.wire.version, PULSAR_WIRE_VERSION);
	cr_expect_eq(ask.wire.type, PULSAR_ASK_RINGS);
	cr_expect_eq(ask.wire.size, sizeof(ask));
	cr_expect_eq(ask.wire.reserved, 0);
	cr_expect_eq(memcmp(ask.subscription, "siem\0\0\0\0", 8), 0);
	cmsg = CMSG_FIRSTHDR(&msg);
	cr_assert(cmsg && cmsg->cmsg_type == SCM_RIGHTS && cmsg->cmsg_len == CMSG_LEN(sizeof(int)));
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(int));
	cr_expect(!fstat(peer.thing, &sent) && !fstat(fd, &received) &&
		  sent.st_ino == received.st_ino);
	close(fd);
}

Test(connect, name_that_is_too_long_is_not_sent)
{
	cr_expect_eq(ask_rings(peer.ours, "12345678901234567890123456789012", peer.thing),
		     -ENAMETOOLONG);
}

Test(connect, question_to_nobody_is_an_error_and_no_signal)
{
	shutdown(peer.ours, SHUT_WR);
	cr_expect_eq(ask_rings(peer.ours, "default", peer.thing), -EPIPE);
}

Test(connect, good_answer_is_taken)
{
	peer_says(&peer, peer_good(&peer, 3), 4);
	cr_assert_eq(answer_rings(peer.ours, &peer.answer, &peer.refusal), 0);
	cr_expect(peer.answer.first);
	cr_expect_not(peer.answer.more);
	cr_expect_eq(peer.answer.slot, 2);
	cr_expect_eq(peer.answer.cpus, 300);
	cr_expect_eq(peer.answer.data_pages, 16);
	cr_expect_eq(peer.answer.count, 3);
	cr_expect_geq(peer.answer.position_fd, 0);
	for (unsigned int i = 0; i < 3; i++) {
		cr_expect_eq(peer.answer.ring[i].info.cpu, i);
		cr_expect_eq(peer.answer.ring[i].info.ring_id, 1000 + i);
		cr_expect_geq(peer.answer.ring[i].fd, 0);
		cr_expect(fcntl(peer.answer.ring[i].fd, F_GETFD) & FD_CLOEXEC);
	}
	cr_expect_eq(peer_open_fds(), peer.fds + 4);
	close(peer.answer.ring[1].fd);
	peer.answer.ring[1].fd = -1; /* taken */
	answer_release(&peer.answer);
}

Test(connect, further_answer_has_no_position)
{
	peer_good(&peer, 2);
	peer.message.rings.first = 0;
	peer.message.rings.more = 1;
	peer_says(&peer, peer.message.rings.wire.size, 2);
	cr_assert_eq(answer_rings(peer.ours, &peer.answer, &peer.refusal), 0);
	cr_expect_not(peer.answer.first);
	cr_expect(peer.answer.more);
	cr_expect_eq(peer.answer.position_fd, -1);
	answer_release(&peer.answer);
}

Test(connect, largest_answer_is_taken)
{
	peer_says(&peer, peer_good(&peer, PULSAR_WIRE_FDS_MAX - 1), PULSAR_WIRE_FDS_MAX);
	cr_assert_eq(answer_rings(peer.ours, &peer.answer, &peer.refusal), 0);
	cr_expect_eq(peer.answer.count, PULSAR_WIRE_FDS_MAX - 1);
	answer_release(&peer.answer);
}

Test(connect, answer_without_rings_is_taken)
{
	peer_says(&peer, peer_good(&peer, 0), 1);
	cr_assert_eq(answer_rings(peer.ours, &peer.answer, &peer.refusal), 0);
	cr_expect_eq(peer.answer.count, 0);
	answer_release(&peer.answer);
}

Test(connect, nothing_there_is_no_error)
{
	cr_expect_eq(answer_rings(peer.ours, &peer.answer, &peer.refusal), -EAGAIN);
}

Test(connect, closed_connection_is_told)
{
	peer_closes(&peer);
	cr_expect_eq(answer_rings(peer.ours, &peer.answer, &peer.refusal), -EPIPE);
}

Test(connect, message_before_the_close_is_still_taken)
{
	peer_says(&peer, peer_good(&peer, 1), 2);
	peer_closes(&peer);
	cr_assert_eq(answer_rings(peer.ours, &peer.answer, &peer.refusal), 0);
	answer_release(&peer.answer);
	cr_expect_eq(answer_rings(peer.ours, &peer.answer, &peer.refusal), -EPIPE);
}

Test(connect, refusal_is_passed_on)
{
	peer_refusal(&peer, EBUSY);
	peer.message.error.holder_pid = 42;
	peer.message.error.holder_uid = 1000;
	strcpy(peer.message.error.text, "held");
	peer_says(&peer, sizeof(peer.message.error), 0);
	cr_assert_eq(answer_rings(peer.ours, &peer.answer, &peer.refusal), -EREMOTEIO);
	cr_expect_eq(peer.refusal.error, EBUSY);
	cr_expect_eq(peer.refusal.holder_pid, 42);
	cr_expect_eq(peer.refusal.holder_uid, 1000);
	cr_expect_str_eq(peer.refusal.text, "held");
}

Test(connect, text_without_an_end_gets_one)
{
	peer_refusal(&peer, EACCES);
	memset(peer.message.error.text, 'x', sizeof(peer.message.error.text));
	peer_says(&peer, sizeof(peer.message.error), 0);
	cr_assert_eq(answer_rings(peer.ours, &peer.answer, &peer.refusal), -EREMOTEIO);
	cr_expect_eq(strlen(peer.refusal.text), sizeof(peer.refusal.text) - 1);
}

Test(connect, opening_names_what_is_wrong)
{
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	cr_expect_eq(connect_open(path), -ENAMETOOLONG);
	cr_expect_eq(connect_open("/nonexistent/loaderd.sock"), -ENOENT);
}
