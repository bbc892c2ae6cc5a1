// SPDX-License-Identifier: Apache-2.0
/* The connection to loaderd: which message may come when, and when to try again. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "link.h"
#include "now.h"

static char folder[] = "/tmp/pulsar-link-XXXXXX";
static char path[sizeof(folder) + 8];
static int listening, peer = -1, thing;
static struct link line;
static struct answer answer;

static void server_starts(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(address.sun_path, path);
	listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(listening, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(listening, 1), 0);
}

static void server_dies(void)
{
	if (peer >= 0)
		close(peer);
	peer = -1;
	close(listening);
	unlink(path);
}

static void setup(void)
{
	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/sock", folder);
	thing = open("/dev/null", O_RDWR | O_CLOEXEC);
	server_starts();
	link_init(&line, path, "default");
}

static void teardown(void)
{
	link_release(&line);
	server_dies();
	rmdir(folder);
	close(thing);
}

TestSuite(link, .init = setup, .fini = teardown);

static void connected(void)
{
	struct pulsar_ask_rings ask;

	cr_assert_eq(link_try(&line, thing, 1000), 0);
	peer = accept(listening, NULL, NULL);
	cr_assert_geq(peer, 0);
	cr_assert_eq(recv(peer, &ask, sizeof(ask), 0), sizeof(ask));
	cr_expect_eq(line.state, LINK_ASKED);
}

static void server_answers(bool first, bool more)
{
	struct pulsar_answer_rings rings = {
		.wire = { PULSAR_WIRE_MAGIC, PULSAR_WIRE_VERSION, PULSAR_ANSWER_RINGS,
			  sizeof(rings), 0 },
		.cpus = 1,
		.data_pages = 1,
		.first = first,
		.more = more,
	};
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { .iov_base = &rings, .iov_len = sizeof(rings) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (first) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		cmsg = CMSG_FIRSTHDR(&msg);
		*cmsg = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(cmsg), &thing, sizeof(int));
	}
	cr_assert_eq(sendmsg(peer, &msg, 0), sizeof(rings));
}

static void expect_answer(enum link_state state)
{
	cr_assert_eq(link_receive(&line, &answer, 2000), 1);
	answer_release(&answer);
	cr_expect_eq(line.state, state);
}

static void expect_lost(int err)
{
	cr_expect_eq(link_receive(&line, &answer, 2000), err);
	cr_expect_eq(line.state, LINK_DOWN);
	cr_expect_eq(line.sock, -1);
	cr_expect(line.refusal.text[0]);
	cr_expect_not(link_due(&line, 2000));
	cr_expect(link_due(&line, line.deadline_ns));
}

Test(link, answer_in_one_piece)
{
	connected();
	cr_expect_eq(link_receive(&line, &answer, 1001), 0);
	server_answers(true, false);
	expect_answer(LINK_UP);
	cr_expect_eq(link_receive(&line, &answer, ~0ull), 0, "an idle connection does not expire");
}

Test(link, answer_in_pieces_and_news)
{
	connected();
	server_answers(true, true);
	server_answers(false, true);
	server_answers(false, false);
	expect_answer(LINK_MORE);
	expect_answer(LINK_MORE);
	expect_answer(LINK_UP);
	server_answers(false, false);
	expect_answer(LINK_UP);
}

Test(link, answer_without_its_beginning_ends_the_connection)
{
	connected();
	server_answers(false, false);
	expect_lost(-EPROTO);
}

Test(link, second_beginning_ends_the_connection)
{
	connected();
	server_answers(true, true);
	expect_answer(LINK_MORE);
	server_answers(true, false);
	expect_lost(-EPROTO);
}

Test(link, answer_that_nobody_asked_for_ends_the_connection)
{
	connected();
	server_answers(true, false);
	expect_answer(LINK_UP);
	server_answers(true, false);
	expect_lost(-EPROTO);
}

Test(link, close_in_the_middle_ends_the_connection)
{
	connected();
	server_answers(true, true);
	close(peer);
	peer = -1;
	expect_answer(LINK_MORE);
	expect_lost(-EPIPE);
}

Test(link, server_that_dies_without_having_read_the_question_is_only_gone)
{
	cr_assert_eq(link_try(&line, thing, 1000), 0);
	server_dies();
	expect_lost(-EPIPE);
	server_starts();
}

Test(link, server_that_never_answers_is_given_up)
{
	connected();
	cr_expect_eq(link_receive(&line, &answer, line.deadline_ns - 1), 0);
	cr_expect_eq(link_receive(&line, &answer, line.deadline_ns), -ETIMEDOUT);
	cr_expect_eq(line.state, LINK_DOWN);
}

Test(link, refusal_comes_as_its_errno)
{
	struct pulsar_answer_error refuse = {
		.wire = { PULSAR_WIRE_MAGIC, PULSAR_WIRE_VERSION, PULSAR_ANSWER_ERROR,
			  sizeof(refuse), 0 },
		.error = EBUSY,
		.holder_pid = 5,
		.text = "held",
	};

	connected();
	cr_assert_eq(send(peer, &refuse, sizeof(refuse), 0), sizeof(refuse));
	expect_lost(-EBUSY);
	cr_expect_eq(line.refusal.holder_pid, 5);
	cr_expect_str_eq(line.refusal.text, "held");
}

Test(link, tries_become_rarer_until_one_succeeds)
{
	__u64 now = 0, last = 0;

	server_dies();
	for (int i = 0; i < 10; i++) {
		cr_expect(link_due(&line, now));
		cr_expect_eq(link_try(&line, thing, now), -ENOENT);
		cr_expect_geq(line.deadline_ns - now, last);
		last = line.deadline_ns - now;
		now = line.deadline_ns;
	}
	cr_expect_eq(last, NSEC_PER_SEC, "but not rarer than this");
	server_starts();
	connected();
	server_answers(true, false);
	expect_answer(LINK_UP);
	close(peer);
	peer = -1;
	expect_lost(-EPIPE);
	cr_expect_lt(line.deadline_ns - 2000, NSEC_PER_SEC / 10, "and then it begins anew");
}

Test(link, loaderd_that_was_there_is_looked_for_often_and_then_rarely)
{
	__u64 now;

	connected();
	server_answers(true, false);
	expect_answer(LINK_UP);
	server_dies();
	expect_lost(-EPIPE);
	for (now = line.deadline_ns; now < 10 * NSEC_PER_SEC; now = line.deadline_ns) {
		cr_expect_eq(link_try(&line, thing, now), -ENOENT);
		cr_expect_leq(line.deadline_ns - now, 10 * NSEC_PER_MSEC);
	}
	for (int i = 0; i < 8; i++) {
		now = line.deadline_ns;
		link_try(&line, thing, now);
	}
	cr_expect_eq(line.deadline_ns - now, NSEC_PER_SEC);
}

Test(link, socket_without_a_server_is_refused)
{
	close(listening);
	cr_expect_eq(link_try(&line, thing, 0), -ECONNREFUSED);
}
