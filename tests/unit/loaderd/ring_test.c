// SPDX-License-Identifier: Apache-2.0
/* One ring, in a real perf event array, written by a real program. */
#include <criterion/criterion.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/perf_event.h>

#include "lab.h"
#include "position.h"
#include "slots.h"

static struct lab lab;
static struct ring ring;
static int position;

/* A slot by hand: slot 0, CPU 0. */
static struct ring_place place(void)
{
	return (struct ring_place){
		.events = lab.maps.events,
		.quiet = PULSAR_EVENTS_QUIET(0, lab.cpus, 0),
		.loud = PULSAR_EVENTS_LOUD(0, lab.cpus, 0),
	};
}

static void put(struct ring *what)
{
	struct ring_place here = place();
	struct pin_error error = {};

	cr_assert_eq(ring_open(what, 0, LAB_RING_BYTES, &error), 0, "%s", error.text);
	cr_assert_eq(ring_put(what, &here, &error), 0, "%s", error.text);
}

static void setup(void)
{
	lab_init(&lab);
	position = position_new(lab.cpus);
	cr_assert_geq(position, 0);
	put(&ring);
	cr_assert_eq(slot_put(&lab.maps, 0, position), 0);
	cr_assert_eq(slot_enable(&lab.maps, 0), 0);
}

static void teardown(void)
{
	if (geteuid())
		return;
	ring_close(&ring);
	close(position);
	lab_release(&lab);
}

TestSuite(ring, .init = setup, .fini = teardown);

Test(ring, an_event_wakes_nobody_who_does_not_sleep)
{
	lab_emit(&lab, 0, 3);
	cr_expect(!lab_wakes(ring.fd));
	cr_expect_gt(ring_fill(&ring), 0);
}

Test(ring, an_event_wakes_the_reader_that_sleeps_once)
{
	lab_set_waiting(position, 0);
	lab_emit(&lab, 0, 1);
	cr_expect(lab_wakes(ring.fd));
	cr_expect_eq(lab_position(position, 0).waiting, 0);
	/* poll() took the news; the next event goes the quiet way. */
	lab_emit(&lab, 0, 1);
	cr_expect(!lab_wakes(ring.fd));
}

Test(ring, half_a_ring_wakes_the_reader_that_is_busy)
{
	while (ring_fill(&ring) <= LAB_RING_BYTES / 2) {
		cr_assert(!lab_wakes(ring.fd));
		lab_emit(&lab, 0, 1);
	}
	lab_emit(&lab, 0, 1);
	cr_expect(lab_wakes(ring.fd));
}

Test(ring, loud_and_quiet_records_lie_in_one_ring_in_order)
{
	__u64 last;

	for (int i = 0; i < 5; i++) {
		lab_set_waiting(position, 0);
		lab_emit(&lab, 0, 2);
	}
	cr_expect_eq(lab_records(ring.base, LAB_RING_BYTES, 0, &last), 10);
	cr_expect_eq(last, 10);
}

Test(ring, what_does_not_fit_is_counted)
{
	struct pulsar_counters counters;
	__u64 last;

	lab_emit_until_lost(&lab, 0, 0);
	lab_emit(&lab, 0, 9);
	counters = lab_counters(&lab, 0);
	cr_expect_eq(counters.lost[0].ring_full, 10);
	cr_expect_eq(lab_records(ring.base, LAB_RING_BYTES, 0, &last), counters.produced - 10);
	cr_expect_leq(ring_fill(&ring), LAB_RING_BYTES);
}

Test(ring, fill_is_within_the_ring_whatever_a_reader_writes)
{
	struct perf_event_mmap_page *page = lab_map_ring(ring.fd, LAB_RING_BYTES);

	lab_emit(&lab, 0, 3);
	page->data_tail = page->data_head + 1000000;
	cr_expect_eq(ring_fill(&ring), LAB_RING_BYTES);
	page->data_tail = ~0ull;
	cr_expect_leq(ring_fill(&ring), LAB_RING_BYTES);
	page->data_tail = page->data_head;
	cr_expect_eq(ring_fill(&ring), 0);
	lab_unmap_ring(page, LAB_RING_BYTES);
}

Test(ring, exchange_under_a_reader_loses_nothing)
{
	void *reader = lab_map_ring(ring.fd, LAB_RING_BYTES);
	struct ring old = ring;
	struct pulsar_counters counters;
	__u64 last;

	lab_emit(&lab, 0, 50);
	ring_close(&old); /* loaderd was killed; the reader still maps the ring */
	lab_emit(&lab, 0, 50);
	put(&ring);
	lab_emit(&lab, 0, 50);
	cr_expect_eq(lab_records(reader, LAB_RING_BYTES, 0, &last), 100);
	cr_expect_eq(last, 100);
	cr_expect_eq(lab_records(ring.base, LAB_RING_BYTES, 100, &last), 50);
	cr_expect_eq(last, 150);
	counters = lab_counters(&lab, 0);
	cr_expect_eq(lab_lost(&counters.lost[0]), 0);
	lab_unmap_ring(reader, LAB_RING_BYTES);
}

Test(ring, without_any_mapping_events_are_lost_and_counted)
{
	struct ring old = ring;

	ring_close(&old);
	ring = (struct ring)RING_NONE;
	lab_emit(&lab, 0, 7);
	cr_expect_eq(lab_counters(&lab, 0).lost[0].ring_full, 7);
}

/* Tries until the clock has gone on. */
static void expect_alive(void)
{
	ring_look(&ring);
	while (!ring_alive(&ring))
		;
}

Test(ring, a_ring_in_place_is_alive, .timeout = 60)
{
	expect_alive();
}

Test(ring, revived_it_keeps_what_is_in_it_and_wakes_as_before)
{
	struct ring_place here = place();
	struct pin_error error = {};
	int fd = ring.fd;
	__u64 id = ring.id, last;

	lab_emit(&lab, 0, 5);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(ring_revive(&ring, &here, &error), 0, "%s", error.text);
	expect_alive();
	cr_expect(ring.fd == fd && ring.id == id);
	lab_emit(&lab, 0, 5);
	cr_expect(!lab_wakes(ring.fd));
	lab_set_waiting(position, 0);
	lab_emit(&lab, 0, 1);
	cr_expect(lab_wakes(ring.fd));
	cr_expect_eq(lab_records(ring.base, LAB_RING_BYTES, 0, &last), 11);
}

Test(ring, every_ring_has_an_id_of_its_own)
{
	struct pin_error error;
	__u64 before = ring.id;

	for (int i = 0; i < 20; i++) {
		struct ring more;

		cr_assert_eq(ring_open(&more, 0, 4096, &error), 0);
		cr_expect_gt(more.id, before);
		before = more.id;
		ring_close(&more);
	}
}

Test(ring, a_size_that_cannot_be_mapped_is_an_error_and_leaves_nothing)
{
	struct ring none = RING_NONE;
	struct pin_error error = {};
	unsigned int fds = lab_fds();

	cr_expect_lt(ring_open(&none, 0, 12288, &error), 0);
	cr_expect(error.text[0]);
	cr_expect_eq(none.fd, -1);
	cr_expect_eq(lab_fds(), fds);
}
