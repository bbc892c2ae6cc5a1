// SPDX-License-Identifier: Apache-2.0
/* Subscriptions: where they begin, what outlives loaderd, what is taken over. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "lab.h"
#include "position.h"
#include "slots.h"
#include "subscription.h"

static struct lab lab;
static struct stream *stream;
static struct pin_error error;

static void setup(void)
{
	lab_init(&lab);
	stream = lab_stream(&lab);
}

static void teardown(void)
{
	if (geteuid())
		return;
	stream_free(stream);
	lab_release(&lab);
}

TestSuite(subscription, .init = setup, .fini = teardown);

static void start(const char *name)
{
	cr_assert_eq(stream_start(stream, name, -1, &error), 0, "%s", error.text);
}

static int position_of(const char *name)
{
	int fd = stream_position_fd(stream, name);

	cr_assert_geq(fd, 0);
	return fd;
}

/* A reader's own mapping of a ring, from a lease as the server takes it. */
static void *lease_ring(const char *name, unsigned int cpu)
{
	const struct stream_holder holder = { .pid = 1, .arg = &lab };
	struct subscription *subscription;
	struct stream_holder busy;

	cr_assert_eq(stream_lease(stream, name, &holder, &subscription, &busy, &error), 0, "%s",
		     error.text);
	return lab_map_ring(subscription->rings[cpu].fd, LAB_RING_BYTES);
}

/*
 * A new loaderd: the old one is gone, the kernel's objects are not. Takes over what
 * `position` is.
 */
static void restart(const char *name)
{
	int position = fcntl(position_of(name), F_DUPFD_CLOEXEC, 0);

	stream_free(stream);
	stream = lab_stream(&lab);
	cr_assert_eq(stream_start(stream, name, position, &error), 0, "%s", error.text);
	close(position);
}

/* ---- where it begins ---- */

Test(subscription, default_of_a_new_module_gets_every_event)
{
	struct pulsar_position position;
	__u64 last;
	void *ring;

	start("default");
	position = lab_position(position_of("default"), 0);
	cr_expect_eq(position.base_seq, 0);
	cr_expect_eq(position.copy[position.current].next_seq, 1);
	cr_expect_eq(position.copy[position.current].ring_id,
		     lab_ring(stream, "default", 0).ring_id);
	lab_emit(&lab, 0, 10);
	ring = lease_ring("default", 0);
	cr_expect_eq(lab_records(ring, LAB_RING_BYTES, 0, &last), 10);
	lab_unmap_ring(ring, LAB_RING_BYTES);
}

Test(subscription, a_later_one_begins_where_the_module_is)
{
	struct pulsar_position position;
	__u64 last;
	void *ring;

	start("default");
	lab_emit(&lab, 0, 5);
	start("siem");
	lab_emit(&lab, 0, 3);
	position = lab_position(position_of("siem"), 0);
	cr_expect_eq(position.base_seq, 5);
	cr_expect_eq(position.copy[0].next_seq, 6);
	ring = lease_ring("siem", 0);
	cr_expect_eq(lab_records(ring, LAB_RING_BYTES, 0, &last), 3);
	cr_expect_eq(last, 8);
	lab_unmap_ring(ring, LAB_RING_BYTES);
}

/* Events on every CPU until told to stop. */
static bool storm_stop;

static void *storm(void *arg)
{
	unsigned int cpu = *(unsigned int *)arg;

	while (!__atomic_load_n(&storm_stop, __ATOMIC_ACQUIRE))
		lab_emit(&lab, cpu, 1);
	return NULL;
}

/*
 * What the reader's accounting rests on: each event after the beginning is in the ring
 * or counted lost since.
 */
static void expect_exact(const char *name, unsigned int slot, unsigned int cpu)
{
	struct pulsar_position position = lab_position(position_of(name), cpu);
	struct pulsar_counters counters = lab_counters(&lab, cpu);
	__u64 lost = lab_lost(&counters.lost[slot]) - lab_lost(&position.base_lost);
	void *ring = lease_ring(name, cpu);
	__u64 last;
	unsigned int records = lab_records(ring, LAB_RING_BYTES, position.base_seq, &last);

	cr_expect_eq(counters.produced, position.base_seq + records + lost,
		     "%s, CPU %u: produced %llu, base %llu, in the ring %u, lost %llu", name, cpu,
		     counters.produced, position.base_seq, records, lost);
	lab_unmap_ring(ring, LAB_RING_BYTES);
	stream_release(stream, &lab);
}

Test(subscription, begun_in_a_storm_it_accounts_for_every_event)
{
	unsigned int cpus[lab.cpus];
	pthread_t threads[lab.cpus];

	start("default");
	storm_stop = false;
	for (unsigned int cpu = 0; cpu < lab.cpus; cpu++) {
		cpus[cpu] = cpu;
		cr_assert_eq(pthread_create(&threads[cpu], NULL, storm, &cpus[cpu]), 0);
	}
	/* Slots are used again, with the losses of those before. */
	for (int i = 0; i < 4; i++) {
		start("siem");
		start("archive");
		if (i == 3)
			break;
		cr_assert_eq(stream_stop(stream, "siem", &error), 0);
		cr_assert_eq(stream_stop(stream, "archive", &error), 0);
	}
	__atomic_store_n(&storm_stop, true, __ATOMIC_RELEASE);
	for (unsigned int cpu = 0; cpu < lab.cpus; cpu++)
		pthread_join(threads[cpu], NULL);
	for (unsigned int cpu = 0; cpu < lab.cpus; cpu++) {
		expect_exact("default", 0, cpu);
		expect_exact("siem", 1, cpu);
		expect_exact("archive", 2, cpu);
	}
}

Test(subscription, losses_of_the_one_that_had_the_slot_before_are_not_its_own)
{
	struct pulsar_position position;

	start("default");
	start("first");
	lab_emit_until_lost(&lab, 0, 1);
	lab_emit(&lab, 0, 4);
	cr_assert_eq(stream_stop(stream, "first", &error), 0);
	start("second");
	position = lab_position(position_of("second"), 0);
	cr_expect_eq(position.base_lost.ring_full, 5);
	expect_exact("second", 1, 0);
}

/* ---- taken over ---- */

Test(subscription, restart_of_loaderd_under_a_reader_loses_nothing)
{
	struct subscription_ring before, after;
	struct pulsar_counters counters;
	void *old, *new;
	__u64 last;

	start("default");
	cr_assert_eq(stream_settle(stream), 0);
	before = lab_ring(stream, "default", 0);
	old = lease_ring("default", 0);
	lab_emit(&lab, 0, 10);
	restart("default");
	cr_assert_eq(stream_settle(stream), 0);
	lab_emit(&lab, 0, 10);
	after = lab_ring(stream, "default", 0);
	new = lease_ring("default", 0);
	cr_expect_eq(lab_records(old, LAB_RING_BYTES, 0, &last), 10);
	cr_expect_eq(last, 10);
	cr_expect_eq(lab_records(new, LAB_RING_BYTES, 0, &last), 10);
	cr_expect_eq(last, 20);
	cr_expect_gt(after.ring_id, before.ring_id);
	cr_expect_eq(after.settled_seq, 10);
	cr_expect_eq(lab_position(position_of("default"), 0).copy[0].next_seq, 1);
	counters = lab_counters(&lab, 0);
	cr_expect_eq(lab_lost(&counters.lost[0]), 0);
	lab_unmap_ring(old, LAB_RING_BYTES);
	lab_unmap_ring(new, LAB_RING_BYTES);
}

Test(subscription, events_while_no_loaderd_and_no_reader_is_there_are_counted_lost)
{
	struct subscription_ring ring;
	int position;

	start("default");
	position = fcntl(position_of("default"), F_DUPFD_CLOEXEC, 0);
	stream_free(stream);
	lab_emit(&lab, 0, 6);
	stream = lab_stream(&lab);
	cr_assert_eq(stream_start(stream, "default", position, &error), 0, "%s", error.text);
	cr_assert_eq(stream_settle(stream), 0);
	ring = lab_ring(stream, "default", 0);
	cr_expect_eq(ring.settled_seq, 6);
	cr_expect_eq(lab_counters(&lab, 0).lost[0].ring_full, 6);
	close(position);
}

Test(subscription, a_position_that_never_began_begins)
{
	int position = position_new(lab.cpus);

	lab_emit(&lab, 0, 4);
	/* A loaderd was killed after it had put the map into its slot. */
	cr_assert_eq(slot_put(&lab.maps, 0, position), 0);
	cr_assert_eq(stream_start(stream, "default", position, &error), 0, "%s", error.text);
	cr_assert_eq(stream_settle(stream), 0);
	cr_expect_eq(lab_position(position, 0).base_seq, 4);
	cr_expect_eq(lab_position(position, lab.cpus - 1).copy[0].next_seq,
		     lab_counters(&lab, lab.cpus - 1).produced + 1);
	expect_exact("default", (unsigned int)__builtin_ctz(lab_slots(&lab)), 0);
	close(position);
}

Test(subscription, slots_that_nobody_takes_over_are_cleared)
{
	int position = position_new(lab.cpus);
	__u32 slot = 5, id;

	start("default");
	cr_assert_eq(slot_put(&lab.maps, 5, position), 0);
	cr_assert_eq(slot_enable(&lab.maps, 5), 0);
	cr_assert_eq(slot_enable(&lab.maps, 6), 0);
	lab_emit(&lab, 0, 2);
	cr_assert_eq(stream_settle(stream), 0);
	cr_expect_eq(lab_slots(&lab), 1);
	cr_expect_eq(bpf_map_lookup_elem(lab.maps.subscriptions, &slot, &id), -ENOENT);
	lab_emit(&lab, 0, 2);
	cr_expect_eq(lab_counters(&lab, 0).lost[5].no_ring, 2);
	cr_expect_eq(lab_counters(&lab, 0).lost[6].no_ring, 2);
	close(position);
}

Test(subscription, what_is_not_a_position_map_is_refused_and_leaves_nothing)
{
	int more = position_new(lab.cpus + 1), null = open("/dev/null", O_RDONLY);
	unsigned int fds = lab_fds();

	cr_expect_eq(stream_start(stream, "default", more, &error), -EINVAL);
	cr_expect_eq(stream_start(stream, "default", lab.maps.control, &error), -EINVAL);
	cr_expect_eq(stream_start(stream, "default", null, &error), -EINVAL);
	cr_expect_eq(stream_position_fd(stream, "default"), -ENOENT);
	cr_expect_eq(lab_slots(&lab), 0);
	cr_expect_eq(lab_fds(), fds);
	close(more);
	close(null);
}

Test(subscription, two_names_for_one_position_map_are_refused)
{
	start("default");
	cr_expect_eq(stream_start(stream, "other", position_of("default"), &error), -EINVAL);
	cr_expect_eq(lab_slots(&lab), 1);
}

/* ---- ended ---- */

Test(subscription, a_stopped_one_costs_programs_nothing_and_frees_its_slot)
{
	unsigned int fds;

	start("default");
	fds = lab_fds();
	start("siem");
	cr_expect_eq(lab_slots(&lab), 3);
	cr_assert_eq(stream_stop(stream, "siem", &error), 0, "%s", error.text);
	cr_expect_eq(lab_slots(&lab), 1);
	cr_expect_eq(lab_fds(), fds);
	lab_emit(&lab, 0, 3);
	cr_expect_eq(lab_counters(&lab, 0).lost[1].no_ring, 0);
	cr_expect_eq(lab_counters(&lab, 0).lost[1].ring_full, 0);
	cr_expect_eq(stream_stop(stream, "siem", &error), -ENOENT);
	start("siem");
	cr_expect_eq(lab_slots(&lab), 3);
}

Test(subscription, the_slot_stays_when_loaderd_ends)
{
	start("default");
	stream_free(stream);
	cr_expect_eq(lab_slots(&lab), 1);
	stream = NULL;
}

/* ---- the rest ---- */

Test(subscription, names_are_checked)
{
	cr_expect_eq(stream_start(stream, "", -1, &error), -EINVAL);
	cr_expect_eq(stream_start(stream, "../x", -1, &error), -EINVAL);
	cr_expect_eq(stream_start(stream, "a_name_that_is_longer_than_31_bytes", -1, &error),
		     -EINVAL);
	start("default");
	cr_expect_eq(stream_start(stream, "default", -1, &error), -EEXIST);
}

Test(subscription, status_shows_what_waits)
{
	start("default");
	cr_expect_eq(lab_ring(stream, "default", 0).fill_bytes, 0);
	lab_emit(&lab, 0, 3);
	cr_expect_gt(lab_ring(stream, "default", 0).fill_bytes, 3 * sizeof(struct pulsar_event));
}

Test(subscription, cpus_that_have_a_working_ring_get_no_other)
{
	__u64 id;

	start("default");
	id = lab_ring(stream, "default", 0).ring_id;
	cr_expect_eq(stream_cpus_changed(stream), 0);
	cr_expect_eq(lab_ring(stream, "default", 0).ring_id, id);
}

/* ---- a stream ---- */

Test(subscription, maps_of_another_shape_are_refused)
{
	struct stream_options options = { .module = "emit",
					  .cpus = lab.cpus,
					  .ring_bytes = LAB_RING_BYTES,
					  .subscriptions_max = 1 };
	struct stream_maps maps = lab.maps;

	maps.counters = lab.maps.control;
	cr_expect_null(stream_new(&maps, &options, &error));
	cr_expect_eq(errno, EINVAL);
	options.ring_bytes = 12288;
	cr_expect_null(stream_new(&lab.maps, &options, &error));
	options.ring_bytes = LAB_RING_BYTES;
	options.cpus++;
	cr_expect_null(stream_new(&lab.maps, &options, &error));
	options.cpus--;
	options.subscriptions_max = 0;
	cr_expect_null(stream_new(&lab.maps, &options, &error));
}
