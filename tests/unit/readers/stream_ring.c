// SPDX-License-Identifier: Apache-2.0
/* The walker of perf rings. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include "ring.h"
#include "stream_fake.h"

static struct fake_ring fake;
static struct ring ring;
static unsigned char record[RING_RECORD_MAX] __attribute__((aligned(8)));

static void setup(void)
{
	fake_ring_init(&fake, 1);
	ring_init(&ring, fake.control, fake.size);
}

static void teardown(void)
{
	fake_ring_release(&fake);
}

TestSuite(ring, .init = setup, .fini = teardown);

static void expect_event(__u64 seq, size_t extra)
{
	cr_assert_eq(ring_peek(&ring), RING_RECORD);
	cr_expect_eq(ring.event.seq, seq, "seq %llu, expected %llu", ring.event.seq, seq);
	cr_assert_eq(ring.event.size, sizeof(struct pulsar_event) + extra);
	ring_copy(&ring, record);
	cr_expect_eq(memcmp(record, &ring.event, sizeof(ring.event)), 0);
	for (size_t i = 0; i < extra; i++)
		cr_assert_eq(record[sizeof(ring.event) + i], seq & 0xff);
	ring_next(&ring);
}

/* Makes the ring's read and write positions what they are after `at` bytes. */
static void move_to(__u64 at)
{
	fake_ring_head(&fake, at);
	fake.control->data_tail = at;
	ring_refresh(&ring);
	ring_seek(&ring, at);
}

Test(ring, empty_ring_has_no_record)
{
	ring_refresh(&ring);
	cr_expect_eq(ring_peek(&ring), RING_EMPTY);
	cr_expect_eq(ring_left(&ring), 0);
}

Test(ring, records_come_in_the_order_they_were_written)
{
	for (__u64 seq = 1; seq <= 5; seq++)
		cr_assert(fake_ring_event(&fake, seq, seq, (size_t)seq * 10));
	ring_refresh(&ring);
	for (__u64 seq = 1; seq <= 5; seq++)
		expect_event(seq, (size_t)seq * 10);
	cr_expect_eq(ring_peek(&ring), RING_EMPTY);
}

Test(ring, what_was_written_after_the_refresh_is_not_seen)
{
	cr_assert(fake_ring_event(&fake, 1, 1, 0));
	ring_refresh(&ring);
	cr_assert(fake_ring_event(&fake, 2, 2, 0));
	expect_event(1, 0);
	cr_expect_eq(ring_peek(&ring), RING_EMPTY);
	ring_refresh(&ring);
	expect_event(2, 0);
}

Test(ring, record_split_over_the_end_is_whole)
{
	/* Each place at which the end can lie: in the perf header's record, our header, or the bytes behind it. */
	for (size_t before = 8; before <= 12 + 96 + 200; before += 8) {
		move_to(fake.size - before);
		cr_assert(fake_ring_event(&fake, before, 7, 200));
		ring_refresh(&ring);
		expect_event(before, 200);
		cr_expect_eq(ring_peek(&ring), RING_EMPTY);
	}
}

Test(ring, positions_go_on_after_many_turns)
{
	move_to(~0ull - 2 * fake.size + 1);
	for (__u64 seq = 1; seq <= 1000; seq++) {
		cr_assert(fake_ring_event(&fake, seq, seq, 100));
		ring_refresh(&ring);
		expect_event(seq, 100);
		ring_commit(&ring);
	}
	cr_expect_lt(fake.head, fake.size * 1000, "the position has not wrapped");
}

Test(ring, commit_gives_room_back)
{
	__u64 seq = 0;

	while (fake_ring_event(&fake, seq + 1, 0, 0))
		seq++;
	cr_expect_gt(seq, 10);
	ring_refresh(&ring);
	expect_event(1, 0);
	cr_expect_not(fake_ring_event(&fake, seq + 1, 0, 0), "read is not committed");
	ring_commit(&ring);
	cr_expect_eq(ring_tail(&ring), ring.at);
	cr_expect(fake_ring_event(&fake, seq + 1, 0, 0));
}

Test(ring, lost_records_and_unknown_ones_are_skipped)
{
	struct {
		struct perf_event_header header;
		__u64 id, lost;
	} lost = { .header = { .type = PERF_RECORD_LOST, .size = sizeof(lost) }, .lost = 5 };
	struct perf_event_header unknown = { .type = 999, .size = sizeof(unknown) };

	cr_assert(fake_ring_write(&fake, &lost, sizeof(lost)));
	cr_assert(fake_ring_event(&fake, 1, 1, 0));
	cr_assert(fake_ring_write(&fake, &unknown, sizeof(unknown)));
	cr_assert(fake_ring_write(&fake, &lost, sizeof(lost)));
	cr_assert(fake_ring_event(&fake, 2, 2, 0));
	cr_assert(fake_ring_write(&fake, &lost, sizeof(lost)));
	ring_refresh(&ring);
	expect_event(1, 0);
	expect_event(2, 0);
	cr_expect_eq(ring_peek(&ring), RING_EMPTY);
	cr_expect_eq(ring_left(&ring), 0, "the last one is behind us, too");
}

static void expect_corrupt_then_well(void)
{
	ring_refresh(&ring);
	cr_expect_eq(ring_peek(&ring), RING_CORRUPT);
	ring_skip(&ring);
	cr_expect_eq(ring_peek(&ring), RING_EMPTY);
	ring_commit(&ring);
	cr_assert(fake_ring_event(&fake, 77, 1, 30));
	ring_refresh(&ring);
	expect_event(77, 30);
}

Test(ring, corrupt_size_is_found_and_skipped)
{
	static const __u16 sizes[] = { 0, 1, 7, 12, 15, 100, 4000, 65528, 65535 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct perf_event_header header = { .type = PERF_RECORD_SAMPLE, .size = sizes[i] };
		unsigned char bytes[64] = { 0 };

		memcpy(bytes, &header, sizeof(header));
		cr_assert(fake_ring_write(&fake, bytes, sizeof(bytes)));
		expect_corrupt_then_well();
		ring_commit(&ring);
	}
}

Test(ring, size_of_our_record_beyond_the_sample_is_corrupt)
{
	struct pulsar_event event = { .size = sizeof(event), .seq = 1 };
	static const __u32 sizes[] = { 0, 1, 95, 101, 104, 65536, ~0u };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		event.size = sizes[i];
		cr_assert(fake_ring_sample(&fake, &event, sizeof(event)));
		expect_corrupt_then_well();
		ring_commit(&ring);
	}
}

Test(ring, sample_too_short_for_a_header_is_corrupt)
{
	struct pulsar_event event = { .size = sizeof(event), .seq = 1 };

	cr_assert(fake_ring_sample(&fake, &event, sizeof(event) - 8));
	expect_corrupt_then_well();
}

Test(ring, raw_size_beyond_the_sample_is_corrupt)
{
	struct {
		struct perf_event_header header;
		__u32 raw_size;
		__u8 raw[116];
	} sample = {
		.header = { .type = PERF_RECORD_SAMPLE, .size = sizeof(sample) },
		.raw_size = sizeof(sample.raw) + 1,
	};
	struct pulsar_event event = { .size = sizeof(event), .seq = 1 };

	memcpy(sample.raw, &event, sizeof(event));
	cr_assert(fake_ring_write(&fake, &sample, sizeof(sample)));
	expect_corrupt_then_well();
}

Test(ring, head_behind_the_tail_is_corrupt)
{
	move_to(4096 * 10);
	fake_ring_head(&fake, 4096 * 10 - 64);
	expect_corrupt_then_well();
}

Test(ring, head_too_far_ahead_is_corrupt)
{
	fake_ring_head(&fake, fake.size + 8);
	expect_corrupt_then_well();
}

Test(ring, head_in_the_middle_of_a_record_is_corrupt)
{
	cr_assert(fake_ring_event(&fake, 1, 1, 0));
	fake_ring_head(&fake, fake.head - 8);
	expect_corrupt_then_well();
}

Test(ring, head_that_no_record_can_end_at_is_left_by_the_next_one)
{
	fake_ring_head(&fake, 3);
	ring_refresh(&ring);
	cr_expect_eq(ring_peek(&ring), RING_CORRUPT);
	ring_skip(&ring);
	cr_expect_eq(ring_peek(&ring), RING_EMPTY);
	cr_expect_eq(ring.at % 8, 0);
}

Test(ring, header_is_checked_in_the_copy_that_is_used)
{
	size_t size_at = sizeof(struct perf_event_header) + sizeof(__u32);

	cr_assert(fake_ring_event(&fake, 1, 1, 40));
	ring_refresh(&ring);
	cr_assert_eq(ring_peek(&ring), RING_RECORD);
	/* The kernel overwrites the record: somebody moved data_tail. */
	memset(fake.data + size_at, 0xff, sizeof(struct pulsar_event));
	ring_copy(&ring, record);
	cr_expect_eq(((struct pulsar_event *)record)->size, sizeof(struct pulsar_event) + 40);
}

Test(ring, count_is_of_the_seqs_asked_for_and_stays_in_place)
{
	static const __u64 seqs[] = { 3, 4, 6, 5, 9, 10, 12 };
	struct perf_event_header other = { .type = PERF_RECORD_LOST, .size = sizeof(other) };

	for (size_t i = 0; i < sizeof(seqs) / sizeof(*seqs); i++) {
		cr_assert(fake_ring_event(&fake, seqs[i], 1, 8));
		cr_assert(fake_ring_write(&fake, &other, sizeof(other)));
	}
	ring_refresh(&ring);
	cr_expect_eq(ring_count(&ring, 0, ~0ull), 7);
	cr_expect_eq(ring_count(&ring, 3, 9), 4);
	cr_expect_eq(ring_count(&ring, 12, ~0ull), 0);
	cr_expect_eq(ring_count(&ring, 0, 2), 0);
	expect_event(3, 8);
}

Test(ring, count_ends_at_the_first_corrupt_place)
{
	struct perf_event_header bad = { .type = PERF_RECORD_SAMPLE, .size = 3 };

	cr_assert(fake_ring_event(&fake, 1, 1, 0));
	cr_assert(fake_ring_write(&fake, &bad, sizeof(bad)));
	cr_assert(fake_ring_event(&fake, 2, 1, 0));
	ring_refresh(&ring);
	cr_expect_eq(ring_count(&ring, 0, ~0ull), 1);
}

Test(ring, any_bytes_end_in_a_skip)
{
	unsigned int seed = 1;

	for (int round = 0; round < 20000; round++) {
		for (size_t i = 0; i < 512; i++)
			fake.data[i] = (unsigned char)(rand_r(&seed) % 3 ? 0 : rand_r(&seed));
		fake_ring_head(&fake, (__u64)(rand_r(&seed) % 512));
		ring_refresh(&ring);
		ring_seek(&ring, 0);
		while (ring_peek(&ring) == RING_RECORD) {
			ring_copy(&ring, record);
			ring_next(&ring);
		}
		ring_skip(&ring);
		cr_assert_eq(ring_peek(&ring), RING_EMPTY);
	}
}
