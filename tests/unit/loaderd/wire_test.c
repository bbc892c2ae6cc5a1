// SPDX-License-Identifier: Apache-2.0
/* Requests as bytes, and answers as messages: no root, no kernel objects. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "client.h"
#include "request.h"
#include "subscription.h"

/* ---- requests ---- */

static struct request request;
static const char *why;

Test(wire, a_question_for_rings_is_understood)
{
	const struct pulsar_ask_rings ask = client_question("siem-2_a");

	cr_assert_eq(request_parse(&ask, sizeof(ask), 1, &request, &why), 0);
	cr_expect_eq(request.type, PULSAR_ASK_RINGS);
	cr_expect_str_eq(request.subscription, "siem-2_a");
}

Test(wire, a_question_need_not_be_aligned)
{
	const struct pulsar_ask_rings ask = client_question("default");
	char bytes[sizeof(ask) + 1];

	memcpy(bytes + 1, &ask, sizeof(ask));
	cr_assert_eq(request_parse(bytes + 1, sizeof(ask), 1, &request, &why), 0);
}

Test(wire, the_longest_name_is_31_bytes)
{
	struct pulsar_ask_rings ask = client_question("abcdefghijklmnopqrstuvwxyz01234");

	cr_expect_eq(request_parse(&ask, sizeof(ask), 1, &request, &why), 0);
	ask.subscription[31] = '5';
	cr_expect_eq(request_parse(&ask, sizeof(ask), 1, &request, &why), -EPROTO);
	cr_expect(strstr(why, "no end"), "%s", why);
}

Test(wire, a_name_is_not_a_path)
{
	static const char *const names[] = {
		"", "/", "..", "a/b", "A", "-a", "a b", "a.b", "\xff"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct pulsar_ask_rings ask = client_question(names[i]);

		cr_expect_eq(request_parse(&ask, sizeof(ask), 1, &request, &why), -EPROTO, "\"%s\"",
			     names[i]);
	}
}

Test(wire, bytes_behind_the_name_are_refused)
{
	struct pulsar_ask_rings ask = client_question("default");

	ask.subscription[9] = 'x';
	cr_expect_eq(request_parse(&ask, sizeof(ask), 1, &request, &why), -EPROTO);
}

Test(wire, a_control_question_is_the_bytes_after_the_header)
{
	struct {
		struct pulsar_wire wire;
		char json[7];
	} ask = {
		.wire = { .magic = PULSAR_WIRE_MAGIC,
			  .version = PULSAR_WIRE_VERSION,
			  .type = PULSAR_ASK_CONTROL,
			  .size = 16 + 7 },
		.json = { '{', '"', 'a', '"', ':', '1', '}' },
	};

	cr_assert_eq(request_parse(&ask, 16 + 7, 0, &request, &why), 0);
	cr_expect_eq(request.type, PULSAR_ASK_CONTROL);
	cr_expect_eq(request.json_len, 7);
	cr_expect_eq(memcmp(request.json, ask.json, 7), 0);
	cr_expect_eq(request_parse(&ask, 16 + 7, 1, &request, &why), -EPROTO);
	ask.wire.size = 17;
	cr_expect_eq(request_parse(&ask, 17, 0, &request, &why), -EPROTO);
}

Test(wire, every_shorter_packet_is_refused_and_changes_nothing)
{
	struct pulsar_ask_rings ask = client_question("default");
	struct request before;

	memset(&request, 0x55, sizeof(request));
	before = request;
	for (__u32 len = 0; len < sizeof(ask); len++) {
		ask.wire.size = len;
		cr_expect_eq(request_parse(&ask, len, 1, &request, &why), -EPROTO, "%u", len);
		cr_expect(why && *why);
	}
	cr_expect_eq(memcmp(&request, &before, sizeof(request)), 0);
}

Test(wire, every_changed_bit_of_the_header_is_refused)
{
	for (unsigned int bit = 0; bit < 8 * sizeof(struct pulsar_wire); bit++) {
		struct pulsar_ask_rings ask = client_question("default");

		((unsigned char *)&ask)[bit / 8] ^= (unsigned char)(1 << bit % 8);
		cr_expect_eq(request_parse(&ask, sizeof(ask), 1, &request, &why), -EPROTO, "bit %u",
			     bit);
	}
}

/* ---- answers ---- */

#define MANY_CPUS 600

static struct ring many_rings[MANY_CPUS];
static struct stream_base many_base = { .cpus = MANY_CPUS, .ring_bytes = 1 << 20 };
static struct subscription many = { .base = &many_base, .slot = 3, .rings = many_rings };

/* All but every tenth CPU has a ring; any descriptor will do for one. */
static int many_fill(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), rings = 0;

	many.position = fd;
	for (unsigned int cpu = 0; cpu < MANY_CPUS; cpu++) {
		many_rings[cpu] = (struct ring){
			.fd = cpu % 10 == 9 ? -1 : fd,
			.cpu = cpu,
			.id = 1000 + cpu,
			.settled_seq = 2000 + cpu,
		};
		rings += cpu % 10 != 9;
	}
	return rings;
}

/* Takes messages as long as they say that more follow; rings in all. */
static unsigned int many_take(int client, unsigned int messages, bool first)
{
	const struct pulsar_answer_rings *answer;
	unsigned int rings = 0;
	struct got got;

	for (unsigned int i = 0; i < messages; i++) {
		client_get(NULL, client, &got);
		answer = got_rings(&got);
		cr_expect_eq(answer->first, first && i == 0);
		cr_expect_eq(answer->more, i + 1 < messages);
		cr_expect_eq(answer->slot, 3);
		cr_expect_eq(answer->cpus, MANY_CPUS);
		for (unsigned int r = 0; r < answer->count; r++) {
			cr_expect_eq(answer->ring[r].ring_id, 1000 + answer->ring[r].cpu);
			cr_expect_eq(answer->ring[r].settled_seq, 2000 + answer->ring[r].cpu);
		}
		rings += answer->count;
		got_release(&got);
	}
	return rings;
}

Test(wire, more_rings_than_descriptors_in_a_message_come_in_several)
{
	int rings = many_fill(), pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	cr_assert_eq(answer_rings(pair[0], &many, true), rings);
	cr_expect_eq(many_take(pair[1], 3, true), (unsigned int)rings);
	/* Told is told. */
	cr_expect_eq(answer_rings(pair[0], &many, false), 0);
	many_rings[9] = many_rings[8];
	many_rings[9].cpu = 9;
	many_rings[9].id = 1009;
	many_rings[9].settled_seq = 2009;
	many_rings[9].told = false;
	cr_expect_eq(answer_rings(pair[0], &many, false), 1);
	cr_expect_eq(many_take(pair[1], 1, false), 1);
}

Test(wire, a_client_that_does_not_read_is_an_error_and_no_wait)
{
	int pair[2], err;

	many_fill();
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	do {
		for (unsigned int cpu = 0; cpu < MANY_CPUS; cpu++)
			many_rings[cpu].told = false;
		err = answer_rings(pair[0], &many, true);
	} while (err > 0);
	cr_expect(err == -EAGAIN || err == -ETOOMANYREFS, "%d", err);
	close(pair[1]);
	cr_expect_lt(answer_error(pair[0], EPROTO, NULL, "x"), 0);
}

Test(wire, a_text_too_long_for_an_error_is_cut)
{
	char text[500];
	struct got got;
	int pair[2];

	memset(text, 'x', sizeof(text));
	text[499] = '\0';
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	cr_assert_eq(answer_error(pair[0], ENOSPC, NULL, text), 0);
	client_get(NULL, pair[1], &got);
	cr_expect_eq(got_error(&got)->error, ENOSPC);
	cr_expect_eq(got_error(&got)->holder_pid, 0);
	cr_expect_eq(strlen(got_error(&got)->text), 159);
}
