/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of network-monitor as rows: what a process does with sockets, and the lines that
 * come of it, all of them, in their order, and no others. Each row acts in a process
 * and a network namespace of its own, so all ports are free and nothing is routed.
 *
 * A line is written short:
 *
 *   Bind T 127.0.0.1:A              T: TCP, U: UDP; ports that the kernel chose are A, B, ...
 *   Connect T 127.0.0.1:B > 127.0.0.1:A 0           in the order in which they are met
 *   Send T 127.0.0.1:B > 127.0.0.1:A 5
 *   Close T 127.0.0.1:A > -
 *   DnsQuery 127.0.0.1:A > 127.0.0.1:53 example.org/A
 *
 * with " by P" behind it if it is an event of a child of the row's process, the first
 * one to be met being P; and " of P" if a Close names another owner than its own process.
 */
#ifndef TESTS_LIVE_TALKS_H
#define TESTS_LIVE_TALKS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TALK_LINES_MAX 24

/* Lines of a server at port 7000, and of its first client. */
#define LISTENING "Bind T 127.0.0.1:7000", "Listen T 127.0.0.1:7000"
#define CONNECTED                                              \
	LISTENING, "Connect T 127.0.0.1:A > 127.0.0.1:7000 0", \
		"Accept T 127.0.0.1:A > 127.0.0.1:7000"

struct talk {
	const char *what;
	int (*act)(void); /* not 0: it could not do what it wanted, and the test fails */
	bool sum; /* Send and Receive with the same ends, one after the other, are one line */
	const char *lines[TALK_LINES_MAX]; /* up to NULL */
};

/* Runs all with one Pulsar and compares. `config`: further configuration, or NULL. */
void talks_run(const char *config, const struct talk *talks, size_t count);

/* ---- for act(); each ends the process, and so fails the row, if it does not work ---- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "127.0.0.1", "::1", "::ffff:127.0.0.1" */
union address talk_address(const char *ip, uint16_t port);
socklen_t talk_address_len(const union address *address);
uint16_t talk_port(const union address *address);
/* A socket with the family of the address, bound there if `bound`. */
int talk_socket(int type, const char *ip, uint16_t port, bool bound);
union address talk_local(int fd);
int talk_listen(const char *ip, uint16_t port);
/* Connects to where a listener or a bound socket is. */
int talk_connect(int type, const char *ip, uint16_t port);
int talk_accept(int listener);
void talk_send(int fd, const char *text);
/* One datagram to there. */
void talk_send_to(int fd, const void *bytes, size_t len, const char *ip, uint16_t port);
/* Reads exactly that many bytes. */
void talk_receive(int fd, size_t len);
/* Reads the end of the stream. */
void talk_end(int fd);
/* Ends the process if the condition does not hold, and says which. */
#define TALK_MUST(condition) talk_must((condition), #condition, __LINE__)
void talk_must(bool condition, const char *text, int line);

#endif
