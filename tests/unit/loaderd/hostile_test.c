// SPDX-License-Identifier: Apache-2.0
/*
 * The server with clients that send what they should not, do not read, do not speak, or
 * are too many.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/perf_event.h>

#include "pulsar-test.h"
#include "serving.h"

TestSuite(hostile, .init = serving_setup, .fini = serving_teardown);

/* ---- bad clients ---- */

/* Sends it, and expects to be told so and put out, while another client is served as ever. */
static void expect_refused(const void *bytes, size_t len, const int *fds, unsigned int count,
			   int expected)
{
	int client = client_connect(serving.path);
	struct got got;

	client_send(client, bytes, len, fds, count);
	client_get(serving.event, client, &got);
	cr_expect_eq(got_error(&got)->error, expected, "%d: %s", got_error(&got)->error,
		     got_error(&got)->text);
	client_ended(serving.event, client);
	close(client);
	serving_expect_served();
	serving_wait(0);
}

/* The good question with one thing wrong; the rows are what is written where. */
Test(hostile, a_message_that_is_not_the_protocols_ends_the_client)
{
	static const struct {
		size_t at;
		__u32 value;
		size_t len;
	} rows[] = {
		{ offsetof(struct pulsar_wire, magic), 0x12345678, 4 },
		{ offsetof(struct pulsar_wire, version), 0, 2 },
		{ offsetof(struct pulsar_wire, version), 2, 2 },
		{ offsetof(struct pulsar_wire, type), 0, 2 },
		{ offsetof(struct pulsar_wire, type), PULSAR_ANSWER_RINGS, 2 },
		{ offsetof(struct pulsar_wire, type), PULSAR_ASK_CONTROL, 2 },
		{ offsetof(struct pulsar_wire, type), 0xffff, 2 },
		{ offsetof(struct pulsar_wire, size), 0, 4 },
		{ offsetof(struct pulsar_wire, size), 47, 4 },
		{ offsetof(struct pulsar_wire, size), 0xffffffff, 4 },
		{ offsetof(struct pulsar_wire, reserved), 1, 4 },
		{ offsetof(struct pulsar_ask_rings, subscription), '/', 1 },
		{ offsetof(struct pulsar_ask_rings, subscription), 0, 4 },
		{ offsetof(struct pulsar_ask_rings, subscription) + 31, 'x', 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pulsar_ask_rings ask = client_question("default");

		memcpy((char *)&ask + rows[i].at, &rows[i].value, rows[i].len);
		expect_refused(&ask, sizeof(ask), &serving.lab.maps.events, 1, EPROTO);
	}
}

Test(hostile, a_message_of_another_length_ends_the_client)
{
	struct pulsar_ask_rings ask = client_question("default");
	char *bytes = calloc(1, 2 * PULSAR_WIRE_MAX);
	static const size_t lengths[] = {
		1, 15, 16, 47, 49, 4096, PULSAR_WIRE_MAX, PULSAR_WIRE_MAX + 1, 100000
	};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		ask.wire.size = (__u32)lengths[i];
		memcpy(bytes, &ask, sizeof(ask));
		expect_refused(bytes, lengths[i], &serving.lab.maps.events, 1, EPROTO);
	}
	free(bytes);
}

Test(hostile, another_number_of_descriptors_than_one_ends_the_client)
{
	struct pulsar_ask_rings ask = client_question("default");
	int fds[253];
	static const unsigned int counts[] = { 0, 2, 3, 253 };

	for (int i = 0; i < 253; i++)
		fds[i] = serving.lab.maps.events;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		expect_refused(&ask, sizeof(ask), fds, counts[i], EPROTO);
}

Test(hostile, a_descriptor_of_anything_else_is_not_a_permission)
{
	struct pulsar_ask_rings ask = client_question("default");
	int pipes[2], pair[2];
	int other = bpf_map_create(BPF_MAP_TYPE_PERF_EVENT_ARRAY, "events", 4, 4, 64, NULL);

	cr_assert_eq(pipe(pipes), 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	const int fds[] = {
		other,
		serving.lab.maps.counters,
		serving.lab.maps.control,
		serving.lab.program,
		pipes[0],
		pipes[1],
		pair[0],
		open("/dev/null", O_RDONLY),
		open("/", O_PATH),
		open("/proc/self/mem", O_RDWR),
		client_connect(serving.path),
	};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		int client = client_connect(serving.path);
		struct got got;

		client_send(client, &ask, sizeof(ask), &fds[i], 1);
		client_get(serving.event, client, &got);
		cr_expect_eq(got_error(&got)->error, EACCES, "row %zu", i);
		close(client);
		close(fds[i]);
	}
	serving_wait(0);
}

Test(hostile, a_writable_and_a_read_only_descriptor_are_the_same_permission)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	struct got got;
	LIBBPF_OPTS(bpf_get_fd_by_id_opts, opts, .open_flags = BPF_F_RDONLY);
	int client, events;

	cr_assert_eq(bpf_obj_get_info_by_fd(serving.lab.maps.events, &info, &len), 0);
	events = bpf_map_get_fd_by_id_opts(info.id, &opts);
	cr_assert_geq(events, 0);
	client = client_connect(serving.path);
	client_ask(client, "default", events);
	client_get(serving.event, client, &got);
	got_rings(&got);
	got_release(&got);
	close(client);
	close(events);
}

Test(hostile, an_attached_reader_that_says_more_loses_its_connection)
{
	struct got got;
	int client = serving_attach("default", &got);

	got_release(&got);
	client_ask(client, "siem", serving.lab.maps.events);
	client_get(serving.event, client, &got);
	cr_expect_eq(got_error(&got)->error, EPROTO);
	client_ended(serving.event, client);
	cr_expect_eq(serving.attached, 0);
	close(client);
}

Test(hostile, a_reader_that_stops_its_rings_stops_nobody_after_it)
{
	struct pulsar_counters counters;
	struct got got;
	int client = serving_attach("default", &got);

	for (unsigned int i = 1; i < got.fds_count; i++) {
		cr_assert_eq(ioctl(got.fds[i], PERF_EVENT_IOC_PAUSE_OUTPUT, 1), 0);
		cr_assert_eq(ioctl(got.fds[i], PERF_EVENT_IOC_DISABLE, 0), 0);
	}
	got_release(&got);
	close(client);
	lab_emit(&serving.lab, 0, 3);
	counters = lab_counters(&serving.lab, 0);
	cr_expect_eq(lab_lost(&counters.lost[0]), 3);
	client = serving_attach("default", &got);
	lab_emit(&serving.lab, 0, 3);
	counters = lab_counters(&serving.lab, 0);
	cr_expect_eq(lab_lost(&counters.lost[0]), 3);
	cr_expect_gt(lab_ring(serving.stream, "default", 0).fill_bytes, 0);
	got_release(&got);
	close(client);
}

Test(hostile, a_client_that_closes_in_the_middle_is_forgotten)
{
	struct pulsar_ask_rings ask = client_question("default");

	for (int i = 0; i < 20; i++) {
		int client = client_connect(serving.path);

		if (i % 2)
			client_send(client, &ask, sizeof(ask), &serving.lab.maps.events, 1);
		close(client);
	}
	while (sd_event_run(serving.event, 0) > 0)
		;
	serving_wait(0);
	cr_expect_eq(serving.attached, 0);
}

Test(hostile, a_client_that_does_not_take_its_answers_loses_its_connection)
{
	char message[sizeof(struct pulsar_wire) + 60000];
	struct pulsar_wire wire = { .magic = PULSAR_WIRE_MAGIC,
				    .version = PULSAR_WIRE_VERSION,
				    .type = PULSAR_ASK_CONTROL,
				    .size = sizeof(message) };
	int client = client_connect(serving.path);

	memset(message, ' ', sizeof(message));
	memcpy(message, &wire, sizeof(wire));
	message[sizeof(wire)] = '{';
	for (int sent = 0; sent < 1000 && send(client, message, sizeof(message), MSG_NOSIGNAL) > 0;
	     sent++)
		while (sd_event_run(serving.event, 0) > 0)
			;
	serving_wait(0);
	close(client);
}

Test(hostile, a_silent_client_is_put_out)
{
	const struct server_limits limits = { .idle_usec = 50000 };
	struct got got;
	int silent, reader;

	serving_limit(&limits);
	silent = client_connect(serving.path);
	reader = serving_attach("default", &got);
	got_release(&got);
	client_ended(serving.event, silent);
	close(silent);
	/* Who has its rings may be silent as long as it likes. */
	silent = client_connect(serving.path);
	client_ended(serving.event, silent);
	cr_expect_eq(serving.attached, 1);
	close(silent);
	close(reader);
}

/* ---- many clients ---- */

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
