// SPDX-License-Identifier: Apache-2.0
/*
 * network-monitor: what is done with TCP and UDP sockets gives these lines, on each way in
 * which they can be found out.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pulsar-test.h"
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

#define LISTENING "Bind T 127.0.0.1:7000", "Listen T 127.0.0.1:7000"
#define CONNECTED                                              \
	LISTENING, "Connect T 127.0.0.1:A > 127.0.0.1:7000 0", \
		"Accept T 127.0.0.1:A > 127.0.0.1:7000"

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

/* ---- UDP ---- */

static void send_to(int fd, const char *text, const char *ip, uint16_t port)
{
	union address to = talk_address(ip, port);

	TALK_MUST(sendto(fd, text, strlen(text), 0, &to.any, talk_address_len(&to)) ==
		  (ssize_t)strlen(text));
}

/* Each way to read, with and without asking for the sender. */
static int unconnected(const char *ip)
{
	int server = talk_socket(SOCK_DGRAM, ip, 7000, true);
	int client = talk_socket(SOCK_DGRAM, ip, 7001, true);
	int other = talk_socket(SOCK_DGRAM, ip, 7002, true);
	char buffer[16];
	struct iovec iov = { buffer, sizeof(buffer) };
	union address from;
	struct msghdr named = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1
	};
	struct msghdr nameless = { .msg_iov = &iov, .msg_iovlen = 1 };
	socklen_t len = sizeof(from);

	send_to(client, "1", ip, 7000);
	send_to(other, "22", ip, 7000);
	send_to(client, "333", ip, 7000);
	send_to(other, "4444", ip, 7000);
	send_to(client, "55555", ip, 7000);
	TALK_MUST(recvfrom(server, buffer, sizeof(buffer), 0, &from.any, &len) == 1);
	TALK_MUST(recv(server, buffer, sizeof(buffer), MSG_PEEK) == 2);
	TALK_MUST(recv(server, buffer, sizeof(buffer), 0) == 2);
	TALK_MUST(recvmsg(server, &named, 0) == 3);
	TALK_MUST(recvmsg(server, &nameless, 0) == 4);
	TALK_MUST(read(server, buffer, sizeof(buffer)) == 5);
	close(other);
	close(client);
	close(server);
	return 0;
}

static int unconnected_v4(void)
{
	return unconnected("127.0.0.1");
}

static int unconnected_v6(void)
{
	return unconnected("::1");
}

#define UNCONNECTED(ip)                                     \
	.lines = { "Bind U " ip ":7000",                    \
		   "Bind U " ip ":7001",                    \
		   "Bind U " ip ":7002",                    \
		   "Send U " ip ":7001 > " ip ":7000 1",    \
		   "Send U " ip ":7002 > " ip ":7000 2",    \
		   "Send U " ip ":7001 > " ip ":7000 3",    \
		   "Send U " ip ":7002 > " ip ":7000 4",    \
		   "Send U " ip ":7001 > " ip ":7000 5",    \
		   "Receive U " ip ":7000 > " ip ":7001 1", \
		   "Receive U " ip ":7000 > " ip ":7002 2", \
		   "Receive U " ip ":7000 > " ip ":7001 3", \
		   "Receive U " ip ":7000 > " ip ":7002 4", \
		   "Receive U " ip ":7000 > " ip ":7001 5", \
		   "Close U " ip ":7002 > -",               \
		   "Close U " ip ":7001 > -",               \
		   "Close U " ip ":7000 > -" }

/* An IPv6 socket, and an IPv4 one: each is told as IPv4, and once. */
static int mapped(void)
{
	int server = talk_socket(SOCK_DGRAM, "127.0.0.1", 7000, true);
	int client = talk_socket(SOCK_DGRAM, "::", 7001, true);
	union address from;
	socklen_t len = sizeof(from);
	char buffer[8];

	send_to(client, "there", "::ffff:127.0.0.1", 7000);
	talk_receive(server, 5);
	send_to(server, "back", "127.0.0.1", 7001);
	TALK_MUST(recvfrom(client, buffer, sizeof(buffer), 0, &from.any, &len) == 4);
	send_to(server, "again", "127.0.0.1", 7001);
	talk_receive(client, 5);
	close(client);
	close(server);
	return 0;
}

/* Not bound before; a datagram of nothing; one that names another peer than the one it is connected to. */
static int connected(void)
{
	int server = talk_socket(SOCK_DGRAM, "127.0.0.1", 7000, true);
	int other = talk_socket(SOCK_DGRAM, "127.0.0.1", 7001, true);
	int client = talk_connect(SOCK_DGRAM, "127.0.0.1", 7000);

	talk_send(client, "send");
	TALK_MUST(write(client, "write", 5) == 5);
	TALK_MUST(send(client, "", 0, 0) == 0);
	send_to(client, "else", "127.0.0.1", 7001);
	talk_receive(server, 4);
	talk_receive(server, 5);
	talk_receive(server, 0);
	talk_receive(other, 4);
	close(client);
	close(other);
	close(server);
	return 0;
}

static int several(void)
{
	int first = talk_socket(SOCK_DGRAM, "127.0.0.1", 7000, true);
	int second = talk_socket(SOCK_DGRAM, "127.0.0.1", 7001, true);
	union address to[3] = { talk_address("127.0.0.1", 7001), talk_address("127.0.0.1", 7001),
				talk_address("127.0.0.1", 7000) };
	union address from;
	char text[8] = "abcdefg", room[2][8];
	struct iovec iov[3] = { { text, 1 }, { text, 2 }, { text, 3 } };
	struct iovec room_iov[2] = { { room[0], 8 }, { room[1], 8 } };
	struct mmsghdr out[3] = { 0 }, in[2] = { 0 };

	for (int i = 0; i < 3; i++)
		out[i].msg_hdr = (struct msghdr){ .msg_name = &to[i],
						  .msg_namelen = sizeof(to[i].v4),
						  .msg_iov = &iov[i],
						  .msg_iovlen = 1 };
	TALK_MUST(sendmmsg(first, out, 3, 0) == 3);
	/* One asks for the sender, the other does not. */
	in[0].msg_hdr = (struct msghdr){ .msg_iov = &room_iov[0], .msg_iovlen = 1 };
	in[1].msg_hdr = (struct msghdr){ .msg_name = &from,
					 .msg_namelen = sizeof(from),
					 .msg_iov = &room_iov[1],
					 .msg_iovlen = 1 };
	TALK_MUST(recvmmsg(second, in, 2, 0, NULL) == 2);
	talk_receive(first, 3);
	close(second);
	close(first);
	return 0;
}

static int large(void)
{
	static char bytes[65507]; /* 64 KiB less the headers of IPv4 and UDP */
	int server = talk_socket(SOCK_DGRAM, "127.0.0.1", 7000, true);
	int client = talk_connect(SOCK_DGRAM, "127.0.0.1", 7000);

	TALK_MUST(send(client, bytes, sizeof(bytes), 0) == sizeof(bytes));
	talk_receive(server, sizeof(bytes));
	/* One that does not fit into the room for it: what was read of it. */
	TALK_MUST(send(client, bytes, 1000, 0) == 1000);
	talk_receive(server, 10);
	close(client);
	close(server);
	return 0;
}

static const struct talk udp[] = {
	{ "IPv4", unconnected_v4, UNCONNECTED("127.0.0.1") },
	{ "IPv6", unconnected_v6, UNCONNECTED("[::1]") },
	{ "IPv4 through an IPv6 socket", mapped,
	  .lines = { "Bind U 127.0.0.1:7000", "Bind U [::]:7001",
		     "Send U 0.0.0.0:7001 > 127.0.0.1:7000 5",
		     "Receive U 127.0.0.1:7000 > 127.0.0.1:7001 5",
		     "Send U 127.0.0.1:7000 > 127.0.0.1:7001 4",
		     "Receive U 0.0.0.0:7001 > 127.0.0.1:7000 4",
		     "Send U 127.0.0.1:7000 > 127.0.0.1:7001 5",
		     "Receive U 0.0.0.0:7001 > 127.0.0.1:7000 5", "Close U [::]:7001 > -",
		     "Close U 127.0.0.1:7000 > -" } },
	{ "connected", connected,
	  .lines = { "Bind U 127.0.0.1:7000", "Bind U 127.0.0.1:7001",
		     "Connect U 127.0.0.1:A > 127.0.0.1:7000 0",
		     "Send U 127.0.0.1:A > 127.0.0.1:7000 4",
		     "Send U 127.0.0.1:A > 127.0.0.1:7000 5",
		     "Send U 127.0.0.1:A > 127.0.0.1:7000 0",
		     "Send U 127.0.0.1:A > 127.0.0.1:7001 4",
		     "Receive U 127.0.0.1:7000 > 127.0.0.1:A 4",
		     "Receive U 127.0.0.1:7000 > 127.0.0.1:A 5",
		     "Receive U 127.0.0.1:7000 > 127.0.0.1:A 0",
		     "Receive U 127.0.0.1:7001 > 127.0.0.1:A 4",
		     "Close U 127.0.0.1:A > 127.0.0.1:7000", "Close U 127.0.0.1:7001 > -",
		     "Close U 127.0.0.1:7000 > -" } },
	{ "several in one call", several,
	  .lines = { "Bind U 127.0.0.1:7000", "Bind U 127.0.0.1:7001",
		     "Send U 127.0.0.1:7000 > 127.0.0.1:7001 1",
		     "Send U 127.0.0.1:7000 > 127.0.0.1:7001 2",
		     "Send U 127.0.0.1:7000 > 127.0.0.1:7000 3",
		     "Receive U 127.0.0.1:7001 > 127.0.0.1:7000 1",
		     "Receive U 127.0.0.1:7001 > 127.0.0.1:7000 2",
		     "Receive U 127.0.0.1:7000 > 127.0.0.1:7000 3", "Close U 127.0.0.1:7001 > -",
		     "Close U 127.0.0.1:7000 > -" } },
	{ "as large as can be", large,
	  .lines = { "Bind U 127.0.0.1:7000", "Connect U 127.0.0.1:A > 127.0.0.1:7000 0",
		     "Send U 127.0.0.1:A > 127.0.0.1:7000 65507",
		     "Receive U 127.0.0.1:7000 > 127.0.0.1:A 65507",
		     "Send U 127.0.0.1:A > 127.0.0.1:7000 1000",
		     "Receive U 127.0.0.1:7000 > 127.0.0.1:A 10",
		     "Close U 127.0.0.1:A > 127.0.0.1:7000", "Close U 127.0.0.1:7000 > -" } },
};

Test(network_monitor, each_datagram_is_told_once_with_its_true_peer)
{
	talks_run(NULL, udp, COUNT(udp));
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

/* ---- whose socket it is ---- */

#define POOL 4

static int pool_listener;

static void *pool_serve(void *arg)
{
	char byte;

	for (int i = 0; i < 4; i++) {
		int fd = talk_accept(pool_listener);

		TALK_MUST(recv(fd, &byte, 1, 0) == 1);
		close(fd);
	}
	return arg;
}

/* Threads that wait in accept(), as servers have them: which one gets which connection is left to the kernel. */
static void pool(void *arg)
{
	uint16_t *port = arg;
	pthread_t threads[POOL];
	union address at;

	pool_listener = talk_listen("127.0.0.1", 0);
	at = talk_local(pool_listener);
	*port = talk_port(&at);
	for (int i = 0; i < POOL; i++)
		TALK_MUST(!pthread_create(&threads[i], NULL, pool_serve, NULL));
	for (int i = 0; i < 4 * POOL; i++) {
		int fd = talk_connect(SOCK_STREAM, "127.0.0.1", *port);

		talk_send(fd, "x");
		talk_end(fd);
		close(fd);
	}
	for (int i = 0; i < POOL; i++)
		TALK_MUST(!pthread_join(threads[i], NULL));
	close(pool_listener);
}

Test(network_monitor, a_pool_of_threads_accepts_each_connection_once)
{
	uint16_t port;
	struct run *run = module_run("network-monitor", pool, &port);

	expect_events(run, 4 * POOL, "Accept", from_self(), num("destination.port", port));
	expect_events(run, 4 * POOL, "Connect", from_self(), num("destination.port", port),
		      num("result", 0));
	expect_events(run, 4 * POOL, "Receive", from_self(), num("source.port", port),
		      num("len", 1));
	/* Each end of each connection, and the listener. */
	expect_events(run, 4 * POOL, "Close", from_self(), num("destination.port", port));
	expect_events(run, 4 * POOL + 1, "Close", from_self(), num("source.port", port));
	run_free(run);
}

static pid_t child_of(int (*act)(void))
{
	pid_t pid = fork();

	TALK_MUST(pid >= 0);
	if (!pid)
		_exit(act());
	return pid;
}

static void child_wait(pid_t pid)
{
	TALK_MUST(waitpid(pid, NULL, 0) == pid);
}

static int connect_and_wait(void)
{
	talk_connect(SOCK_STREAM, "127.0.0.1", 7000);
	return pause();
}

static int client_killed(void)
{
	int listener = talk_listen("127.0.0.1", 7000), server;
	pid_t client = child_of(connect_and_wait);

	server = talk_accept(listener);
	/* The listener is open in the child as well, and so closed here. */
	TALK_MUST(!kill(client, SIGKILL));
	child_wait(client);
	talk_end(server);
	close(server);
	close(listener);
	return 0;
}

static int inherited;

static int close_inherited(void)
{
	talk_send(inherited, "child");
	close(inherited);
	return 0;
}

/* The child has the last descriptor of the socket that its parent has accepted. */
static int inherited_by_child(void)
{
	int listener = talk_listen("127.0.0.1", 7000);
	int client = talk_connect(SOCK_STREAM, "127.0.0.1", 7000), go[2];
	pid_t child;

	inherited = talk_accept(listener);
	TALK_MUST(!pipe2(go, O_CLOEXEC));
	child = fork();
	if (!child) {
		char byte;

		close(client);
		close(listener);
		TALK_MUST(read(go[0], &byte, 1) == 1);
		_exit(close_inherited());
	}
	close(inherited);
	TALK_MUST(write(go[1], "", 1) == 1);
	child_wait(child);
	talk_receive(client, 5);
	talk_end(client);
	close(client);
	close(listener);
	return 0;
}

static const struct talk owners[] = {
	{ "a client that is killed", client_killed,
	  .lines = { LISTENING, "Connect T 127.0.0.1:A > 127.0.0.1:7000 0 by P",
		     "Accept T 127.0.0.1:A > 127.0.0.1:7000",
		     "Close T 127.0.0.1:A > 127.0.0.1:7000 by P",
		     "Close T 127.0.0.1:7000 > 127.0.0.1:A", "Close T 127.0.0.1:7000 > -" } },
	{ "the last descriptor is that of a child", inherited_by_child,
	  .lines = { CONNECTED, "Send T 127.0.0.1:7000 > 127.0.0.1:A 5 by P",
		     "Close T 127.0.0.1:7000 > 127.0.0.1:A",
		     "Receive T 127.0.0.1:A > 127.0.0.1:7000 5",
		     "Close T 127.0.0.1:A > 127.0.0.1:7000", "Close T 127.0.0.1:7000 > -" } },
};

Test(network_monitor, a_close_names_the_owner_and_comes_once_whoever_closes_first)
{
	talks_run(NULL, owners, COUNT(owners));
}

/* ---- DNS ---- */

/* A question for the address of example.org, and an answer: RFC 1035, 4.1. */
static const char query[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0"
			    "\7example\3org\0\0\1\0\1";
static const char response[] = "\x12\x34\x81\x80\0\1\0\1\0\0\0\0"
			       "\7example\3org\0\0\1\0\1"
			       "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\7";

#define QUERY	 (sizeof(query) - 1)
#define RESPONSE (sizeof(response) - 1)

static void ask(int client, uint16_t port)
{
	union address to = talk_address("127.0.0.1", port);

	TALK_MUST(sendto(client, query, QUERY, 0, &to.any, sizeof(to.v4)) == QUERY);
}

/* Both ends of a resolver that is not connected. */
static int resolve(uint16_t port)
{
	int server = talk_socket(SOCK_DGRAM, "127.0.0.1", port, true);
	int client = talk_socket(SOCK_DGRAM, "127.0.0.1", 7000, true);
	union address from;
	socklen_t len = sizeof(from);
	char buffer[512];

	ask(client, port);
	TALK_MUST(recvfrom(server, buffer, sizeof(buffer), 0, &from.any, &len) == QUERY);
	TALK_MUST(sendto(server, response, RESPONSE, 0, &from.any, len) == RESPONSE);
	TALK_MUST(recv(client, buffer, sizeof(buffer), 0) == RESPONSE);
	close(server);
	close(client);
	return 0;
}

static int resolve_default(void)
{
	return resolve(53);
}

static int resolve_set(void)
{
	return resolve(5454);
}

static int resolve_elsewhere(void)
{
	return resolve(7001);
}

/* Connected; the query in pieces, the first of which ends within the header. */
static int resolve_in_pieces(void)
{
	int server = talk_socket(SOCK_DGRAM, "127.0.0.1", 53, true);
	int client = talk_connect(SOCK_DGRAM, "127.0.0.1", 53);
	struct iovec iov[3] = { { (void *)query, 1 },
				{ (void *)(query + 1), 14 },
				{ (void *)(query + 15), QUERY - 15 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 3 };
	char a[3], b[100];
	struct iovec room[2] = { { a, sizeof(a) }, { b, sizeof(b) } };

	TALK_MUST(sendmsg(client, &msg, 0) == QUERY);
	TALK_MUST(readv(server, room, 2) == QUERY);
	TALK_MUST(write(client, query, QUERY) == QUERY);
	TALK_MUST(read(server, b, sizeof(b)) == QUERY);
	close(server);
	close(client);
	return 0;
}

static int resolve_several(void)
{
	int server = talk_socket(SOCK_DGRAM, "127.0.0.1", 53, true);
	int client = talk_socket(SOCK_DGRAM, "127.0.0.1", 7000, true);
	union address to = talk_address("127.0.0.1", 53), from;
	char room[2][64];
	struct iovec iov = { (void *)query, QUERY },
		     room_iov[2] = { { room[0], 64 }, { room[1], 64 } };
	struct mmsghdr out[2] = { 0 }, in[2] = { 0 };

	for (int i = 0; i < 2; i++) {
		out[i].msg_hdr = (struct msghdr){ .msg_name = &to,
						  .msg_namelen = sizeof(to.v4),
						  .msg_iov = &iov,
						  .msg_iovlen = 1 };
		in[i].msg_hdr = (struct msghdr){ .msg_name = &from,
						 .msg_namelen = sizeof(from),
						 .msg_iov = &room_iov[i],
						 .msg_iovlen = 1 };
	}
	TALK_MUST(sendmmsg(client, out, 2, 0) == 2);
	TALK_MUST(recvmmsg(server, in, 2, 0, NULL) == 2);
	close(server);
	close(client);
	return 0;
}

/* What is shorter than a header is none; what is as long is looked at. */
static int nonsense(void)
{
	int server = talk_socket(SOCK_DGRAM, "127.0.0.1", 53, true);
	int client = talk_connect(SOCK_DGRAM, "127.0.0.1", 53);

	talk_send(client, "short");
	TALK_MUST(send(client,
		       "\x12\x34\x01\0\0\1\0\0\0\0\0\0\x3f"
		       "cut",
		       16, 0) == 16);
	close(client);
	close(server);
	return 0;
}

#define Q(from, to, more) "DnsQuery 127.0.0.1:" from " > 127.0.0.1:" to " example.org/A" more
#define R(from, to) \
	"DnsResponse 127.0.0.1:" from " > 127.0.0.1:" to " example.org/A NOERROR 192.0.2.7"
#define RESOLVED(port)                                                 \
	.lines = { "Bind U 127.0.0.1:" port,                           \
		   "Bind U 127.0.0.1:7000",                            \
		   "Send U 127.0.0.1:7000 > 127.0.0.1:" port " 29",    \
		   Q("7000", port, ""),                                \
		   "Receive U 127.0.0.1:" port " > 127.0.0.1:7000 29", \
		   Q("7000", port, ""),                                \
		   "Send U 127.0.0.1:" port " > 127.0.0.1:7000 45",    \
		   R(port, "7000"),                                    \
		   "Receive U 127.0.0.1:7000 > 127.0.0.1:" port " 45", \
		   R(port, "7000"),                                    \
		   "Close U 127.0.0.1:" port " > -",                   \
		   "Close U 127.0.0.1:7000 > -" }

static const struct talk dns[] = {
	{ "port 53", resolve_default, RESOLVED("53") },
	{ "a port that was set", resolve_set, RESOLVED("5454") },
	{ "another port", resolve_elsewhere,
	  .lines = { "Bind U 127.0.0.1:7001", "Bind U 127.0.0.1:7000",
		     "Send U 127.0.0.1:7000 > 127.0.0.1:7001 29",
		     "Receive U 127.0.0.1:7001 > 127.0.0.1:7000 29",
		     "Send U 127.0.0.1:7001 > 127.0.0.1:7000 45",
		     "Receive U 127.0.0.1:7000 > 127.0.0.1:7001 45", "Close U 127.0.0.1:7001 > -",
		     "Close U 127.0.0.1:7000 > -" } },
	{ "in pieces", resolve_in_pieces,
	  .lines = { "Bind U 127.0.0.1:53", "Connect U 127.0.0.1:A > 127.0.0.1:53 0",
		     "Send U 127.0.0.1:A > 127.0.0.1:53 29", Q("A", "53", ""),
		     "Receive U 127.0.0.1:53 > 127.0.0.1:A 29", Q("A", "53", ""),
		     "Send U 127.0.0.1:A > 127.0.0.1:53 29", Q("A", "53", ""),
		     "Receive U 127.0.0.1:53 > 127.0.0.1:A 29", Q("A", "53", ""),
		     "Close U 127.0.0.1:53 > -", "Close U 127.0.0.1:A > 127.0.0.1:53" } },
	{ "several in one call", resolve_several,
	  .lines = { "Bind U 127.0.0.1:53", "Bind U 127.0.0.1:7000",
		     "Send U 127.0.0.1:7000 > 127.0.0.1:53 29", Q("7000", "53", ""),
		     "Send U 127.0.0.1:7000 > 127.0.0.1:53 29", Q("7000", "53", ""),
		     "Receive U 127.0.0.1:53 > 127.0.0.1:7000 29", Q("7000", "53", ""),
		     "Receive U 127.0.0.1:53 > 127.0.0.1:7000 29", Q("7000", "53", ""),
		     "Close U 127.0.0.1:53 > -", "Close U 127.0.0.1:7000 > -" } },
	{ "nonsense", nonsense,
	  .lines = { "Bind U 127.0.0.1:53", "Connect U 127.0.0.1:A > 127.0.0.1:53 0",
		     "Send U 127.0.0.1:A > 127.0.0.1:53 5", "Send U 127.0.0.1:A > 127.0.0.1:53 16",
		     "DnsQuery 127.0.0.1:A > 127.0.0.1:53 malformed",
		     "Close U 127.0.0.1:A > 127.0.0.1:53", "Close U 127.0.0.1:53 > -" } },
};

Test(network_monitor, dns_messages_are_told_both_ways)
{
	talks_run("[network-monitor]\ndns_ports = 53, 5454\n", dns, COUNT(dns));
}
