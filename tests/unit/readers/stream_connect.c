// SPDX-License-Identifier: Apache-2.0
/* The reader's half of the protocol, against a server that says anything. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connect.h"

#define FDS_MAX 253 /* of one message, SCM_MAX_FD */

/* Room for the largest good answer and some more. */
union message {
	struct pulsar_answer_rings rings;
	struct pulsar_answer_error error;
	char bytes[8192];
};

static int ours, theirs; /* the two ends */
static int thing;	 /* a descriptor to be passed */
static struct answer answer;
static struct refusal refusal;
static union message message;

static unsigned int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	cr_assert(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static unsigned int fds_before;

static void setup(void)
{
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	ours = pair[0];
	theirs = pair[1];
	thing = memfd_create("thing", MFD_CLOEXEC);
	cr_assert_geq(thing, 0);
	fds_before = open_fds();
}

static void teardown(void)
{
	cr_expect_eq(open_fds(), fds_before, "a descriptor was left open, or closed twice");
	close(ours);
	close(theirs);
	close(thing);
}

TestSuite(connect, .init = setup, .fini = teardown);

/* The server sends `len` bytes of message, and `fds` descriptors. */
static void say(size_t len, unsigned int fds)
{
	union {
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = &message, .iov_len = len };
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
			memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &thing, sizeof(int));
	}
	cr_assert_eq(sendmsg(theirs, &msg, 0), (ssize_t)len);
}

/* A good answer with `count` rings; returns its length. */
static size_t good(unsigned int count)
{
	size_t len = sizeof(message.rings) + count * sizeof(struct pulsar_ring_info);

	memset(&message, 0, sizeof(message));
	message.rings.wire = (struct pulsar_wire){
		.magic = PULSAR_WIRE_MAGIC,
		.version = PULSAR_WIRE_VERSION,
		.type = PULSAR_ANSWER_RINGS,
		.size = (__u32)len,
	};
	message.rings.slot = 2;
	message.rings.cpus = 300;
	message.rings.data_pages = 16;
	message.rings.first = 1;
	message.rings.count = count;
	for (unsigned int i = 0; i < count; i++)
		message.rings.ring[i] = (struct pulsar_ring_info){ .cpu = i,
								   .ring_id = 1000 + i,
								   .settled_seq = i };
	return len;
}

static size_t refused(int error)
{
	memset(&message, 0, sizeof(message));
	message.error.wire = (struct pulsar_wire){
		.magic = PULSAR_WIRE_MAGIC,
		.version = PULSAR_WIRE_VERSION,
		.type = PULSAR_ANSWER_ERROR,
		.size = sizeof(message.error),
	};
	message.error.error = error;
	return sizeof(message.error);
}

static void expect_refused(const char *why)
{
	int err;

	memset(&refusal, 0, sizeof(refusal));
	err = answer_rings(ours, &answer, &refusal);
	cr_expect_eq(err, -EPROTO, "%s: %d", why, err);
	cr_expect_eq(refusal.error, EPROTO, "%s", why);
	cr_expect(refusal.text[0], "%s: no reason", why);
	cr_expect_eq(open_fds(), fds_before, "%s: descriptors", why);
}

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

	cr_assert_eq(ask_rings(ours, "siem", thing), 0);
	cr_assert_eq(recvmsg(theirs, &msg, MSG_CMSG_CLOEXEC), sizeof(ask));
	cr_expect_eq(ask.wire.magic, PULSAR_WIRE_MAGIC);
	cr_expect_eq(ask.wire.version, PULSAR_WIRE_VERSION);
	cr_expect_eq(ask.wire.type, PULSAR_ASK_RINGS);
	cr_expect_eq(ask.wire.size, sizeof(ask));
	cr_expect_eq(ask.wire.reserved, 0);
	cr_expect_eq(memcmp(ask.subscription, "siem\0\0\0\0", 8), 0);
	cmsg = CMSG_FIRSTHDR(&msg);
	cr_assert(cmsg && cmsg->cmsg_type == SCM_RIGHTS && cmsg->cmsg_len == CMSG_LEN(sizeof(int)));
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(int));
	cr_expect(!fstat(thing, &sent) && !fstat(fd, &received) && sent.st_ino == received.st_ino);
	close(fd);
}

Test(connect, name_that_is_too_long_is_not_sent)
{
	cr_expect_eq(ask_rings(ours, "12345678901234567890123456789012", thing), -ENAMETOOLONG);
}

Test(connect, question_to_nobody_is_an_error_and_no_signal)
{
	shutdown(ours, SHUT_WR);
	cr_expect_eq(ask_rings(ours, "default", thing), -EPIPE);
}

Test(connect, good_answer_is_taken)
{
	say(good(3), 4);
	cr_assert_eq(answer_rings(ours, &answer, &refusal), 0);
	cr_expect(answer.first);
	cr_expect_not(answer.more);
	cr_expect_eq(answer.slot, 2);
	cr_expect_eq(answer.cpus, 300);
	cr_expect_eq(answer.data_pages, 16);
	cr_expect_eq(answer.count, 3);
	cr_expect_geq(answer.position_fd, 0);
	for (unsigned int i = 0; i < 3; i++) {
		cr_expect_eq(answer.ring[i].info.cpu, i);
		cr_expect_eq(answer.ring[i].info.ring_id, 1000 + i);
		cr_expect_geq(answer.ring[i].fd, 0);
		cr_expect(fcntl(answer.ring[i].fd, F_GETFD) & FD_CLOEXEC);
	}
	cr_expect_eq(open_fds(), fds_before + 4);
	close(answer.ring[1].fd);
	answer.ring[1].fd = -1; /* taken */
	answer_release(&answer);
}

Test(connect, further_answer_has_no_position)
{
	good(2);
	message.rings.first = 0;
	message.rings.more = 1;
	say(message.rings.wire.size, 2);
	cr_assert_eq(answer_rings(ours, &answer, &refusal), 0);
	cr_expect_not(answer.first);
	cr_expect(answer.more);
	cr_expect_eq(answer.position_fd, -1);
	answer_release(&answer);
}

Test(connect, largest_answer_is_taken)
{
	say(good(PULSAR_WIRE_FDS_MAX - 1), PULSAR_WIRE_FDS_MAX);
	cr_assert_eq(answer_rings(ours, &answer, &refusal), 0);
	cr_expect_eq(answer.count, PULSAR_WIRE_FDS_MAX - 1);
	answer_release(&answer);
}

Test(connect, answer_without_rings_is_taken)
{
	say(good(0), 1);
	cr_assert_eq(answer_rings(ours, &answer, &refusal), 0);
	cr_expect_eq(answer.count, 0);
	answer_release(&answer);
}

Test(connect, nothing_there_is_no_error)
{
	cr_expect_eq(answer_rings(ours, &answer, &refusal), -EAGAIN);
}

Test(connect, closed_connection_is_told)
{
	close(theirs);
	fds_before--;
	cr_expect_eq(answer_rings(ours, &answer, &refusal), -EPIPE);
	theirs = -1;
}

Test(connect, message_before_the_close_is_still_taken)
{
	say(good(1), 2);
	close(theirs);
	fds_before--;
	theirs = -1;
	cr_assert_eq(answer_rings(ours, &answer, &refusal), 0);
	answer_release(&answer);
	cr_expect_eq(answer_rings(ours, &answer, &refusal), -EPIPE);
}

Test(connect, refusal_is_passed_on)
{
	refused(EBUSY);
	message.error.holder_pid = 42;
	message.error.holder_uid = 1000;
	strcpy(message.error.text, "held");
	say(sizeof(message.error), 0);
	cr_assert_eq(answer_rings(ours, &answer, &refusal), -EREMOTEIO);
	cr_expect_eq(refusal.error, EBUSY);
	cr_expect_eq(refusal.holder_pid, 42);
	cr_expect_eq(refusal.holder_uid, 1000);
	cr_expect_str_eq(refusal.text, "held");
}

Test(connect, text_without_an_end_gets_one)
{
	refused(EACCES);
	memset(message.error.text, 'x', sizeof(message.error.text));
	say(sizeof(message.error), 0);
	cr_assert_eq(answer_rings(ours, &answer, &refusal), -EREMOTEIO);
	cr_expect_eq(strlen(refusal.text), sizeof(refusal.text) - 1);
}

Test(connect, every_shorter_message_is_refused)
{
	for (size_t len = 1; len < good(2); len++) {
		good(2);
		say(len, 3);
		expect_refused("short, with the size of the whole");
		good(2);
		message.rings.wire.size = (__u32)len;
		say(len, 3);
		expect_refused("short, and says so");
	}
	for (size_t len = 1; len < refused(EBUSY); len++) {
		message.error.wire.size = (__u32)len;
		say(len, 0);
		expect_refused("short refusal");
	}
}

Test(connect, longer_message_is_refused)
{
	size_t len = good(2);

	say(len + 1, 3);
	expect_refused("one more than it says");
	len = good(2) + 1;
	message.rings.wire.size = (__u32)len;
	say(len, 3);
	expect_refused("one more than its rings");
	len = good(PULSAR_WIRE_FDS_MAX);
	say(len, FDS_MAX);
	expect_refused("more rings than a message can have");
	len = good(300);
	message.rings.wire.size = (__u32)len;
	say(len, FDS_MAX);
	expect_refused("longer than any good one");
	refused(EBUSY);
	message.error.wire.size++;
	say(sizeof(message.error) + 1, 0);
	expect_refused("longer refusal");
}

Test(connect, wrong_header_is_refused)
{
	good(1);
	message.rings.wire.magic++;
	say(message.rings.wire.size, 2);
	expect_refused("magic");
	good(1);
	message.rings.wire.version++;
	say(message.rings.wire.size, 2);
	expect_refused("version");
	cr_expect(strstr(refusal.text, "version"));
	good(1);
	message.rings.wire.reserved = 1;
	say(message.rings.wire.size, 2);
	expect_refused("reserved");
}

Test(connect, type_that_loaderd_does_not_send_is_refused)
{
	static const __u16 types[] = {
		0, PULSAR_ASK_RINGS, PULSAR_ASK_CONTROL, PULSAR_ANSWER_CONTROL, 6, 0xffff
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		good(1);
		message.rings.wire.type = types[i];
		say(message.rings.wire.size, 2);
		expect_refused("type");
	}
}

Test(connect, other_number_of_descriptors_is_refused)
{
	for (unsigned int fds = 0; fds <= 5; fds++) {
		if (fds == 3)
			continue;
		say(good(2), fds);
		expect_refused("descriptors");
	}
	say(good(2), FDS_MAX);
	expect_refused("as many as the kernel lets pass");
	refused(EBUSY);
	say(sizeof(message.error), 1);
	expect_refused("a refusal with one");
}

Test(connect, count_that_is_not_that_of_the_rings_is_refused)
{
	static const __u32 counts[] = { 0, 1, 3, 250, 0x0aaaaaac, ~0u };

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		size_t len = good(2);

		message.rings.count = counts[i];
		say(len, 3);
		expect_refused("count");
	}
}

Test(connect, numbers_out_of_range_are_refused)
{
	static const __u32 pages[] = { 0, 3, 12, 1u << 21, 1u << 31, ~0u };

	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		good(1);
		message.rings.data_pages = pages[i];
		say(message.rings.wire.size, 2);
		expect_refused("data_pages");
	}
	good(1);
	message.rings.slot = PULSAR_SUBSCRIPTIONS_MAX;
	say(message.rings.wire.size, 2);
	expect_refused("slot");
	good(1);
	message.rings.ring[0].cpu = 300;
	say(message.rings.wire.size, 2);
	expect_refused("cpu");
	good(1);
	message.rings.first = 2;
	say(message.rings.wire.size, 3);
	expect_refused("first");
	good(1);
	message.rings.more = 2;
	say(message.rings.wire.size, 2);
	expect_refused("more");
	refused(0);
	say(sizeof(message.error), 0);
	expect_refused("a refusal without an error");
	refused(-5);
	say(sizeof(message.error), 0);
	expect_refused("a negative error");
}

/* Where there is no room for all descriptors the kernel passes some, and says that it cut. */
Test(connect, message_whose_descriptors_were_cut_is_refused)
{
	struct rlimit before, tight;

	say(good(5), 6);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	tight = before;
	tight.rlim_cur = (rlim_t)thing + 3;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
	cr_expect_eq(answer_rings(ours, &answer, &refusal), -EPROTO);
	cr_expect(strstr(refusal.text, "cut"));
	setrlimit(RLIMIT_NOFILE, &before);
}

Test(connect, opening_names_what_is_wrong)
{
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	cr_expect_eq(connect_open(path), -ENAMETOOLONG);
	cr_expect_eq(connect_open("/nonexistent/loaderd.sock"), -ENOENT);
}
