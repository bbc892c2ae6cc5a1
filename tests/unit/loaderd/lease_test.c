// SPDX-License-Identifier: Apache-2.0
/* Who has a subscription, and for how long. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "lab.h"

static struct lab lab;
static struct stream *stream;
static struct pin_error error;

static void setup(void)
{
	lab_init(&lab);
	stream = lab_stream(&lab);
	cr_assert_eq(stream_start(stream, "default", -1, &error), 0, "%s", error.text);
}

static void teardown(void)
{
	if (geteuid())
		return;
	stream_free(stream);
	lab_release(&lab);
}

TestSuite(lease, .init = setup, .fini = teardown);

static int gone_count;

static void gone(void *arg)
{
	cr_expect_eq(arg, (void *)&lab);
	gone_count++;
}

Test(lease, has_one_reader_at_a_time)
{
	const struct stream_holder first = { .pid = 10, .uid = 1000, .gone = gone, .arg = &lab };
	const struct stream_holder second = {
		.pid = 20, .uid = 2000, .gone = gone, .arg = &stream
	};
	struct stream_holder busy = {};
	struct subscription *subscription;

	cr_expect_eq(stream_lease(stream, "default", &first, &subscription, &busy, &error), 0);
	cr_expect_eq(stream_lease(stream, "default", &second, &subscription, &busy, &error),
		     -EBUSY);
	cr_expect(busy.pid == 10 && busy.uid == 1000 && busy.arg == &lab);
	stream_release(stream, &stream); /* has none */
	cr_expect_eq(stream_lease(stream, "default", &second, &subscription, &busy, &error),
		     -EBUSY);
	stream_release(stream, &lab);
	cr_expect_eq(stream_lease(stream, "default", &second, &subscription, &busy, &error), 0);
	stream_release(stream, &stream);
	cr_expect_eq(gone_count, 0);
}

Test(lease, a_reader_is_told_when_its_subscription_ends)
{
	const struct stream_holder holder = { .pid = 10, .gone = gone, .arg = &lab };
	struct subscription *subscription;
	struct stream_holder busy;

	cr_assert_eq(stream_lease(stream, "siem", &holder, &subscription, &busy, &error), 0);
	cr_assert_eq(stream_stop(stream, "siem", &error), 0);
	cr_expect_eq(gone_count, 1);
	cr_assert_eq(stream_lease(stream, "default", &holder, &subscription, &busy, &error), 0);
	stream_free(stream);
	stream = NULL;
	cr_expect_eq(gone_count, 2);
}

Test(lease, asked_for_it_is_made_up_to_the_limit)
{
	const struct stream_holder holder = { .pid = 1, .arg = &lab };
	struct subscription *subscription;
	struct stream_holder busy;
	char name[8];

	for (int i = 1; i < PULSAR_SUBSCRIPTIONS_MAX; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		cr_assert_eq(stream_lease(stream, name, &holder, &subscription, &busy, &error), 0,
			     "%s: %s", name, error.text);
	}
	cr_expect_eq(stream_lease(stream, "more", &holder, &subscription, &busy, &error), -ENOSPC);
	cr_expect_eq(lab_slots(&lab), 0xff);
	lab_emit(&lab, 0, 1);
	for (int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++) {
		struct pulsar_counters counters = lab_counters(&lab, 0);

		cr_expect_eq(lab_lost(&counters.lost[slot]), 0);
	}
}
