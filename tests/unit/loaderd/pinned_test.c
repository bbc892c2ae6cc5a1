// SPDX-License-Identifier: Apache-2.0
/* Subscriptions of a module that is pinned: their pins come and go with them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "lab.h"

static struct lab lab;
static struct stream *stream;
static struct pin_root *pins;
static struct pin_error error;
static char root[64];

static void pin_module(void)
{
	struct pin_stage *stage = pin_stage_new(pins, "emit", 0, &error);

	cr_assert(stage, "%s", error.text);
	cr_assert_eq(pin_stage_map(stage, "events", lab.maps.events, true, &error), 0, "%s",
		     error.text);
	cr_assert_eq(pin_stage_map(stage, "counters", lab.maps.counters, true, &error), 0);
	cr_assert_eq(pin_stage_map(stage, "maps/control", lab.maps.control, false, &error), 0);
	cr_assert_eq(
		pin_stage_map(stage, "maps/subscriptions", lab.maps.subscriptions, false, &error),
		0);
	cr_assert_eq(pin_stage_map(stage, "subscriptions/default",
				   stream_position_fd(stream, "default"), false, &error),
		     0, "%s", error.text);
	cr_assert_eq(pin_stage_commit(stage, &error), 0, "%s", error.text);
}

static struct stream *pinned_stream(unsigned int subscriptions_max)
{
	const struct stream_options options = {
		.module = "emit",
		.cpus = lab.cpus,
		.ring_bytes = LAB_RING_BYTES,
		.subscriptions_max = subscriptions_max,
		.pins = pins,
	};

	return stream_new(&lab.maps, &options, &error);
}

static void setup(void)
{
	struct pin_prepared prepared;

	lab_init(&lab);
	snprintf(root, sizeof(root), "/sys/fs/bpf/pulsar-test-%d", getpid());
	pins = pin_root_open(root, PIN_OWN, 0, 0, &prepared, &error);
	cr_assert(pins, "%s", error.text);
	stream = pinned_stream(2);
	cr_assert(stream, "%s", error.text);
	cr_assert_eq(stream_start(stream, "default", -1, &error), 0, "%s", error.text);
	pin_module();
}

static void teardown(void)
{
	if (geteuid())
		return;
	stream_free(stream);
	pin_module_remove(pins, "emit", &error);
	pin_root_remove(pins, &error);
	pin_root_free(pins);
	lab_release(&lab);
}

TestSuite(pinned, .init = setup, .fini = teardown);

static int lease(const char *name)
{
	const struct stream_holder holder = { .pid = 1, .arg = &lab };
	struct subscription *subscription;
	struct stream_holder busy;

	return stream_lease(stream, name, &holder, &subscription, &busy, &error);
}

static int open_pin(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "subscriptions/%s", name);
	fd = pin_map_open(pins, "emit", path, NULL, &error);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

Test(pinned, a_subscription_that_is_asked_for_is_pinned)
{
	cr_expect_eq(open_pin("siem"), -ENOENT);
	cr_assert_eq(lease("siem"), 0, "%s", error.text);
	cr_expect_eq(open_pin("siem"), 0);
	stream_release(stream, &lab);
	cr_assert_eq(stream_stop(stream, "siem", &error), 0, "%s", error.text);
	cr_expect_eq(open_pin("siem"), -ENOENT);
	cr_expect_eq(lab_slots(&lab), 1);
}

Test(pinned, one_that_cannot_be_pinned_leaves_nothing)
{
	unsigned int fds = lab_fds();

	cr_assert_eq(pin_module_remove(pins, "emit", &error), 0, "%s", error.text);
	cr_expect_lt(lease("siem"), 0);
	cr_expect_eq(lab_slots(&lab), 1);
	cr_expect_eq(stream_position_fd(stream, "siem"), -ENOENT);
	cr_expect_eq(lab_fds(), fds);
}

Test(pinned, beyond_the_limit_none_is_made_and_none_is_pinned)
{
	cr_assert_eq(lease("siem"), 0, "%s", error.text);
	cr_expect_eq(lease("more"), -ENOSPC);
	cr_expect_eq(open_pin("more"), -ENOENT);
}

Test(pinned, after_a_restart_all_are_taken_over_even_if_the_limit_is_lower)
{
	static const char *const names[] = { "default", "siem" };
	__u64 last;
	int fd;

	cr_assert_eq(lease("siem"), 0, "%s", error.text);
	lab_emit(&lab, 0, 5);
	stream_free(stream);
	stream = pinned_stream(1);
	for (int i = 0; i < 2; i++) {
		char path[64];

		snprintf(path, sizeof(path), "subscriptions/%s", names[i]);
		fd = pin_map_open(pins, "emit", path, NULL, &error);
		cr_assert_geq(fd, 0, "%s", error.text);
		cr_assert_eq(stream_start(stream, names[i], fd, &error), 0, "%s", error.text);
		close(fd);
	}
	cr_assert_eq(stream_settle(stream), 0);
	cr_expect_eq(lab_slots(&lab), 3);
	last = lab_ring(stream, "siem", 0).settled_seq;
	cr_expect_eq(last, 5);
}
