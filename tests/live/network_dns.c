// SPDX-License-Identifier: Apache-2.0
/* network-monitor: the DNS messages among the datagrams, in pieces, several at once, and broken ones. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "talks.h"

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

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
	talk_send_to(client, query, QUERY, "127.0.0.1", port);
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
	talk_send_to(server, large, RESPONSE + (ANSWERS - 1) * ANSWER, "127.0.0.1", 7000);
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
#define CARRIED(port)                                                  \
	.lines = { "Bind U 127.0.0.1:" port,                           \
		   "Bind U 127.0.0.1:7000",                            \
		   "Send U 127.0.0.1:7000 > 127.0.0.1:" port " 29",    \
		   "Receive U 127.0.0.1:" port " > 127.0.0.1:7000 29", \
		   "Send U 127.0.0.1:" port " > 127.0.0.1:7000 45",    \
		   "Receive U 127.0.0.1:7000 > 127.0.0.1:" port " 45", \
		   "Close U 127.0.0.1:" port " > -",                   \
		   "Close U 127.0.0.1:7000 > -" }

static const struct talk dns[] = {
	{ "port 53", resolve_default, RESOLVED("53") },
	{ "another port", resolve_elsewhere, CARRIED("7001") },
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
	talks_run(NULL, dns, COUNT(dns));
}

static const struct talk dns_set[] = {
	{ "a port that was set", resolve_set, RESOLVED("5454") },
	{ "one that was not", resolve_default, CARRIED("53") },
};

/* In a suite of its own: it is the same with all variants, and takes a loaderd that is configured so. */
Test(network_settings, dns_ports_are_those_that_are_set)
{
	talks_run("[network-monitor]\ndns_ports = 5353, 5454\n", dns_set, COUNT(dns_set));
}
