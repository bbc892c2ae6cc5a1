// SPDX-License-Identifier: Apache-2.0
/*
 * network-monitor: what is done with sockets gives these lines, on each way in which it can
 * be found out. TCP; UDP: network_datagrams.c and network_dns.c, whose sockets they are:
 * network_owners.c.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "talks.h"

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

/* ---- TCP, one connection in one process ---- */

/* The server closes first. */
static int converse(const char *bind_to, const char *connect_to)
{
	int listener = talk_listen(bind_to, 0), client, server;
	union address at = talk_local(listener);
	char buffer[8];

	client = talk_connect(SOCK_STREAM, connect_to, talk_port(&at));
	server = talk_accept(listener);
	talk_send(client, "hello");
	TALK_MUST(recv(server, buffer, sizeof(buffer), MSG_PEEK) == 5);
	talk_receive(server, 5);
	talk_send(server, "you");
	talk_receive(client, 3);
	close(server);
	talk_end(client);
	close(client);
	close(listener);
	return 0;
}

static int converse_v4(void)
{
	return converse("127.0.0.1", "127.0.0.1");
}

static int converse_v6(void)
{
	return converse("::1", "::1");
}

static int converse_mapped(void)
{
	return converse("127.0.0.1", "::ffff:127.0.0.1");
}

static int converse_dual(void)
{
	return converse("::", "127.0.0.1");
}

static int client_closes_first(void)
{
	int listener = talk_listen("127.0.0.1", 7000);
	int client = talk_connect(SOCK_STREAM, "127.0.0.1", 7000), server = talk_accept(listener);

	close(client);
	talk_end(server);
	close(server);
	close(listener);
	return 0;
}

static int shut_down_and_dup(void)
{
	int listener = talk_listen("127.0.0.1", 7000);
	int client = talk_connect(SOCK_STREAM, "127.0.0.1", 7000), server = talk_accept(listener);
	int other = dup(client);

	TALK_MUST(other >= 0 && !shutdown(client, SHUT_RDWR));
	close(client);
	talk_end(server);
	close(server);
	talk_end(other);
	close(other);
	close(listener);
	return 0;
}

static int reset(void)
{
	struct linger now = { .l_onoff = 1 };
	int listener = talk_listen("127.0.0.1", 7000);
	int client = talk_connect(SOCK_STREAM, "127.0.0.1", 7000), server = talk_accept(listener);
	char byte;

	TALK_MUST(!setsockopt(server, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	close(server);
	TALK_MUST(recv(client, &byte, 1, 0) < 0 && errno == ECONNRESET);
	close(client);
	close(listener);
	return 0;
}

#define CONVERSATION(bound, from, to)                   \
	.lines = { "Bind T " bound ":A",                \
		   "Listen T " bound ":A",              \
		   "Connect T " from ":B > " to ":A 0", \
		   "Accept T " from ":B > " to ":A",    \
		   "Send T " from ":B > " to ":A 5",    \
		   "Receive T " to ":A > " from ":B 5", \
		   "Send T " to ":A > " from ":B 3",    \
		   "Receive T " from ":B > " to ":A 3", \
		   "Close T " to ":A > " from ":B",     \
		   "Close T " from ":B > " to ":A",     \
		   "Close T " bound ":A > -" }

static const struct talk tcp[] = {
	{ "IPv4", converse_v4, CONVERSATION("127.0.0.1", "127.0.0.1", "127.0.0.1") },
	{ "IPv6", converse_v6, CONVERSATION("[::1]", "[::1]", "[::1]") },
	{ "IPv4 through an IPv6 socket", converse_mapped,
	  CONVERSATION("127.0.0.1", "127.0.0.1", "127.0.0.1") },
	{ "an IPv6 server reached by IPv4", converse_dual,
	  CONVERSATION("[::]", "127.0.0.1", "127.0.0.1") },
	{ "the client closes first", client_closes_first,
	  .lines = { CONNECTED, "Close T 127.0.0.1:A > 127.0.0.1:7000",
		     "Close T 127.0.0.1:7000 > 127.0.0.1:A", "Close T 127.0.0.1:7000 > -" } },
	{ "shut down, and closed twice", shut_down_and_dup,
	  .lines = { CONNECTED, "Close T 127.0.0.1:7000 > 127.0.0.1:A",
		     "Close T 127.0.0.1:A > 127.0.0.1:7000", "Close T 127.0.0.1:7000 > -" } },
	{ "reset by the peer", reset,
	  .lines = { CONNECTED, "Close T 127.0.0.1:7000 > 127.0.0.1:A",
		     "Close T 127.0.0.1:A > 127.0.0.1:7000", "Close T 127.0.0.1:7000 > -" } },
};

Test(network_monitor, a_connection_is_told_from_bind_to_close)
{
	talks_run(NULL, tcp, COUNT(tcp));
}

/* ---- how connects end ---- */

static int refused(void)
{
	union address to = talk_address("127.0.0.1", 7000);
	int fd = talk_socket(SOCK_STREAM, "127.0.0.1", 0, false);

	TALK_MUST(connect(fd, &to.any, sizeof(to.v4)) < 0 && errno == ECONNREFUSED);
	return 0;
}

static void wait_writable(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };

	TALK_MUST(poll(&wait, 1, 10000) == 1);
}

/* Not blocking; the outcome is asked for by a second connect(). */
static int start(const char *ip, uint16_t port)
{
	union address to = talk_address(ip, port);
	int fd = talk_socket(SOCK_STREAM | SOCK_NONBLOCK, ip, 0, false);

	TALK_MUST(connect(fd, &to.any, talk_address_len(&to)) < 0 && errno == EINPROGRESS);
	return fd;
}

static int started(void)
{
	int listener = talk_listen("127.0.0.1", 7000), fd = start("127.0.0.1", 7000);
	union address to = talk_address("127.0.0.1", 7000);

	wait_writable(fd);
	TALK_MUST(!connect(fd, &to.any, sizeof(to.v4)));
	TALK_MUST(connect(fd, &to.any, sizeof(to.v4)) < 0 && errno == EISCONN);
	close(fd);
	close(listener);
	return 0;
}

static int started_and_refused(void)
{
	int fd = start("127.0.0.1", 7000);
	union address to = talk_address("127.0.0.1", 7000);

	wait_writable(fd);
	TALK_MUST(connect(fd, &to.any, sizeof(to.v4)) < 0 && errno == ECONNREFUSED);
	close(fd);
	return 0;
}

/* The queue of the listener is full, so that the second one gets no answer. */
static int given_up(void)
{
	int listener = talk_socket(SOCK_STREAM, "127.0.0.1", 7000, true), first, second;

	TALK_MUST(!listen(listener, 0));
	first = talk_connect(SOCK_STREAM, "127.0.0.1", 7000);
	second = start("127.0.0.1", 7000);
	close(second);
	close(first);
	close(listener);
	return 0;
}

static int nowhere(void)
{
	union address to = talk_address("192.0.2.1", 7000);
	int tcp_fd = talk_socket(SOCK_STREAM, "127.0.0.1", 0, false);
	int udp_fd = talk_socket(SOCK_DGRAM, "127.0.0.1", 0, false);

	TALK_MUST(connect(tcp_fd, &to.any, sizeof(to.v4)) < 0 && errno == ENETUNREACH);
	TALK_MUST(connect(udp_fd, &to.any, sizeof(to.v4)) < 0 && errno == ENETUNREACH);
	return 0;
}

static const struct talk connects[] = {
	{ "refused", refused,
	  .lines = { "Connect T 127.0.0.1:A > 127.0.0.1:7000 ECONNREFUSED",
		     "Close T 0.0.0.0:A > -" } },
	{ "not blocking", started,
	  .lines = { LISTENING, "Connect T 127.0.0.1:A > 127.0.0.1:7000 0",
		     "Close T 127.0.0.1:A > 127.0.0.1:7000", "Close T 127.0.0.1:7000 > -" } },
	{ "not blocking, refused", started_and_refused,
	  .lines = { "Connect T 127.0.0.1:A > 127.0.0.1:7000 ECONNREFUSED",
		     "Close T 0.0.0.0:A > -" } },
	{ "closed before there was an answer", given_up,
	  .lines = { LISTENING, "Connect T 127.0.0.1:A > 127.0.0.1:7000 0",
		     "Connect T 127.0.0.1:B > 127.0.0.1:7000 ECANCELED",
		     "Close T 127.0.0.1:B > 127.0.0.1:7000", "Close T 127.0.0.1:A > 127.0.0.1:7000",
		     "Close T 127.0.0.1:7000 > -" } },
	{ "no route", nowhere,
	  .lines = { "Connect T 0.0.0.0:0 > 192.0.2.1:7000 ENETUNREACH",
		     "Connect U 0.0.0.0:A > 192.0.2.1:7000 ENETUNREACH",
		     "Close U 0.0.0.0:A > -" } },
};

Test(network_monitor, each_attempt_to_connect_is_told_once_when_its_outcome_is_known)
{
	talks_run(NULL, connects, COUNT(connects));
}

/* ---- other ways to send and receive ---- */

static int with_vectors(void)
{
	int listener = talk_listen("127.0.0.1", 7000);
	int client = talk_connect(SOCK_STREAM, "127.0.0.1", 7000), server = talk_accept(listener);
	char a[4] = "abc", b[4] = "defg";
	struct iovec iov[2] = { { a, 3 }, { b, 4 } };

	TALK_MUST(write(client, a, 3) == 3 && read(server, a, 3) == 3);
	TALK_MUST(writev(client, iov, 2) == 7 && readv(server, iov, 2) == 7);
	close(client);
	close(server);
	close(listener);
	return 0;
}

#define SPLICED 100000 /* bytes; more than a pipe takes at once */

static void read_all(int fd, size_t len)
{
	static char buffer[65536];
	ssize_t n;

	for (; len; len -= (size_t)n) {
		n = recv(fd, buffer, len < sizeof(buffer) ? len : sizeof(buffer), 0);
		TALK_MUST(n > 0);
	}
}

static int with_sendfile(void)
{
	int listener = talk_listen("127.0.0.1", 7000);
	int client = talk_connect(SOCK_STREAM, "127.0.0.1", 7000), server = talk_accept(listener);
	int file = memfd_create("file", MFD_CLOEXEC);
	size_t left = SPLICED;

	TALK_MUST(file >= 0 && !ftruncate(file, SPLICED));
	while (left) {
		ssize_t n = sendfile(client, file, NULL, left);

		TALK_MUST(n > 0);
		left -= (size_t)n;
	}
	read_all(server, SPLICED);
	close(client);
	close(server);
	close(listener);
	return 0;
}

/* From a socket into a pipe, and from there into another socket. */
static int with_splice(void)
{
	int listener = talk_listen("127.0.0.1", 7000);
	int client = talk_connect(SOCK_STREAM, "127.0.0.1", 7000), server = talk_accept(listener);
	int pipe_fd[2];

	TALK_MUST(!pipe(pipe_fd));
	talk_send(client, "through a pipe");
	TALK_MUST(splice(server, NULL, pipe_fd[1], NULL, 14, 0) == 14);
	TALK_MUST(splice(pipe_fd[0], NULL, server, NULL, 14, 0) == 14);
	talk_receive(client, 14);
	close(client);
	close(server);
	close(listener);
	return 0;
}

static int with_unix(void)
{
	int stream[2], datagram[2];

	TALK_MUST(!socketpair(AF_UNIX, SOCK_STREAM, 0, stream) &&
		  !socketpair(AF_UNIX, SOCK_DGRAM, 0, datagram));
	talk_send(stream[0], "stream");
	talk_receive(stream[1], 6);
	talk_send(datagram[0], "datagram");
	talk_receive(datagram[1], 8);
	return 0;
}

#define CLOSED                                                                          \
	"Close T 127.0.0.1:A > 127.0.0.1:7000", "Close T 127.0.0.1:7000 > 127.0.0.1:A", \
		"Close T 127.0.0.1:7000 > -"

static const struct talk transfers[] = {
	{ "vectors", with_vectors,
	  .lines = { CONNECTED, "Send T 127.0.0.1:A > 127.0.0.1:7000 3",
		     "Receive T 127.0.0.1:7000 > 127.0.0.1:A 3",
		     "Send T 127.0.0.1:A > 127.0.0.1:7000 7",
		     "Receive T 127.0.0.1:7000 > 127.0.0.1:A 7", CLOSED } },
	{ "sendfile", with_sendfile, .sum = true,
	  .lines = { CONNECTED, "Send T 127.0.0.1:A > 127.0.0.1:7000 100000",
		     "Receive T 127.0.0.1:7000 > 127.0.0.1:A 100000", CLOSED } },
	{ "splice", with_splice, .sum = true,
	  .lines = { CONNECTED, "Send T 127.0.0.1:A > 127.0.0.1:7000 14",
		     "Receive T 127.0.0.1:7000 > 127.0.0.1:A 14",
		     "Send T 127.0.0.1:7000 > 127.0.0.1:A 14",
		     "Receive T 127.0.0.1:A > 127.0.0.1:7000 14", CLOSED } },
	{ "AF_UNIX", with_unix, .lines = { NULL } },
};

Test(network_monitor, all_bytes_are_told_whatever_call_moves_them)
{
	talks_run(NULL, transfers, COUNT(transfers));
}
