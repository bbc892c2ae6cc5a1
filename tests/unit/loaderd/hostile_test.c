// SPDX-License-Identifier: Apache-2.0
/*
 * The server with clients that send what they should not, do not read, or do not speak. Many of
 * them: hostile_crowd_test.c.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/perf_event.h>

#include "serving.h"

TestSuite(hostile, .init = serving_setup, .fini = serving_teardown);

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
