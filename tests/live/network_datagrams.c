// SPDX-License-Identifier: Apache-2.0
/* network-monitor: datagrams, with their true peers, and the DNS messages among them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "talks.h"

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

/* ---- UDP ---- */

static void send_bytes(int fd, const void *bytes, size_t len, const char *ip, uint16_t port)
{
	union address to = talk_address(ip, port);

	TALK_MUST(sendto(fd, bytes, len, 0, &to.any, talk_address_len(&to)) == (ssize_t)len);
}

static void send_to(int fd, const char *text, const char *ip, uint16_t port)
{
	send_bytes(fd, text, strlen(text), ip, port);
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
	send_bytes(client, query, QUERY, "127.0.0.1", port);
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

#define ANSWER	16 /* bytes of the one in `response` */
#define ANSWERS 300

/* More than 4 KiB, sent by multicast DNS's port. */
static int many_answers(void)
{
	int server = talk_socket(SOCK_DGRAM, "127.0.0.1", 5353, true);
	static char large[RESPONSE + ANSWERS * ANSWER];

	memcpy(large, response, RESPONSE);
	for (int i = 1; i < ANSWERS; i++)
		memcpy(large + RESPONSE + (i - 1) * ANSWER, response + RESPONSE - ANSWER, ANSWER);
	large[6] = ANSWERS >> 8;
	large[7] = (char)(ANSWERS & 0xff);
	send_bytes(server, large, RESPONSE + (ANSWERS - 1) * ANSWER, "127.0.0.1", 7000);
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
	{ "many answers", many_answers,
	  .lines = { "Bind U 127.0.0.1:5353", "Send U 127.0.0.1:5353 > 127.0.0.1:7000 4829",
		     "DnsResponse 127.0.0.1:5353 > 127.0.0.1:7000 example.org/A NOERROR 192.0.2.7 "
		     "and 299 more",
		     "Close U 127.0.0.1:5353 > -" } },
	{ "nonsense", nonsense,
	  .lines = { "Bind U 127.0.0.1:53", "Connect U 127.0.0.1:A > 127.0.0.1:53 0",
		     "Send U 127.0.0.1:A > 127.0.0.1:53 5", "Send U 127.0.0.1:A > 127.0.0.1:53 16",
		     "DnsQuery 127.0.0.1:A > 127.0.0.1:53 malformed",
		     "Close U 127.0.0.1:A > 127.0.0.1:53", "Close U 127.0.0.1:53 > -" } },
};

Test(network_monitor, dns_messages_are_told_both_ways)
{
	talks_run("[network-monitor]\ndns_ports = 53, 5353, 5454\n", dns, COUNT(dns));
}
