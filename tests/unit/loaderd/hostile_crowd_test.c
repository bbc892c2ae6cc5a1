// SPDX-License-Identifier: Apache-2.0
/* The server with clients that are too many, and what they leave behind. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "pulsar-test.h"
#include "serving.h"

/* How many of 20 connections are refused at once; the others are held until the end. */
static int count_refused(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int refused = 0;

	strncpy(address.sun_path, serving.path, sizeof(address.sun_path) - 1);
	for (int i = 0; i < 20; i++) {
		int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		struct pulsar_answer_error answer;
		struct timeval limit = { .tv_usec = 200000 };

		if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
			return 101;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		if (recv(fd, &answer, sizeof(answer), 0) == sizeof(answer) &&
		    answer.error == ENOSPC)
			refused++;
	}
	return refused;
}

Test(hostile, one_user_has_so_many_connections_and_no_more)
{
	const struct server_limits limits = { .per_uid = 12, .idle_usec = 60 * 1000000ull };

	chmod(serving.folder, 0755);
	serving_limit(&limits);
	cr_expect_eq(serving_as_uid(65534, count_refused), 8);
	serving_expect_served();
}

Test(hostile, root_gets_in_when_others_have_filled_it)
{
	const struct server_limits limits = { .connections = 15, .idle_usec = 60 * 1000000ull };
	int clients[15 + SERVER_ROOT_RESERVE];
	struct got got;

	chmod(serving.folder, 0755);
	serving_limit(&limits);
	for (int i = 0; i < 15; i++)
		clients[i] = client_connect(serving.path);
	serving_wait(15);
	cr_expect_eq(serving_as_uid(65534, count_refused), 20);
	serving_wait(15);
	clients[15] = serving_attach("default", &got);
	got_release(&got);
	for (int i = 0; i < 16; i++)
		close(clients[i]);
}

/* Every kind of bad client in turn. */
static void bad_client(unsigned int kind)
{
	struct pulsar_ask_rings ask = client_question("default");
	int fds[253], client = client_connect(serving.path);
	unsigned int count = kind % 3 == 0 ? 1 : kind % 3 == 1 ? 2 : 253;

	for (int i = 0; i < 253; i++)
		fds[i] = i % 2 ? serving.lab.program : serving.lab.maps.counters;
	if (kind % 5 == 1)
		ask.wire.magic++;
	else if (kind % 5 == 2)
		ask.wire.type = PULSAR_ASK_CONTROL;
	client_send(client, &ask, kind % 7 ? sizeof(ask) : kind % 48, fds, count);
	if (kind % 2)
		client_ended(serving.event, client);
	close(client);
}

static void bad_clients(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		bad_client(i);
	while (sd_event_run(serving.event, 0) > 0)
		;
	serving_wait(0);
}

Test(hostile, a_thousand_bad_clients_leave_nothing_behind)
{
	unsigned int fds;
	size_t bytes;

	bad_clients(100);
	fds = lab_fds();
	bytes = mallinfo2().uordblks;
	bad_clients(scaled(1000));
	cr_expect_eq(lab_fds(), fds, "%u descriptors, before %u", lab_fds(), fds);
	/*
	 * Threads that close keep some freed memory to themselves; 17 bytes of each client
	 * would show.
	 */
	cr_expect_leq(mallinfo2().uordblks, bytes + 16384);
	cr_expect_eq(serving.attached, 0);
}

/* A TCP connection whose close() waits for a peer that does not read. */
static int lingering_socket(int *peer)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct linger linger = { .l_onoff = 1, .l_linger = 600 };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(address);
	char data[4096] = {};

	cr_assert_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(listener, 1), 0);
	cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	*peer = accept(listener, NULL, NULL);
	cr_assert_geq(*peer, 0);
	close(listener);
	while (send(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	return fd;
}

Test(hostile, a_descriptor_that_cannot_be_closed_stops_nobody)
{
	struct pulsar_ask_rings ask = client_question("default");
	int client = client_connect(serving.path), peers[2], lingering[2];
	struct got got;

	/* One that is received, and one in a message that is never read. */
	lingering[0] = lingering_socket(&peers[0]);
	lingering[1] = lingering_socket(&peers[1]);
	client_send(client, &ask, sizeof(ask), &lingering[0], 1);
	client_send(client, &ask, sizeof(ask), &lingering[1], 1);
	/* Now nobody else has them. */
	close(lingering[0]);
	close(lingering[1]);
	alarm(60);
	client_get(serving.event, client, &got);
	cr_expect_eq(got_error(&got)->error, EACCES);
	close(client);
	for (int i = 0; i < 10; i++)
		serving_expect_served();
	while (sd_event_run(serving.event, 0) > 0)
		;
	/* The client whose descriptors linger still counts. */
	serving_wait(1);
	close(peers[0]);
	close(peers[1]);
	serving_wait(0);
	alarm(0);
}
