// SPDX-License-Identifier: Apache-2.0
/* network-monitor: datagrams, with their true peers. The DNS messages among them: network_dns.c. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "talks.h"

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

static void send_to(int fd, const char *text, const char *ip, uint16_t port)
{
	talk_send_to(fd, text, strlen(text), ip, port);
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
