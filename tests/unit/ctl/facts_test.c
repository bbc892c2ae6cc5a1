// SPDX-License-Identifier: Apache-2.0
/* Sums of counters and claims. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "facts.h"

#define CPUS 2

static struct pulsar_counters counters[CPUS];
static struct pulsar_position positions[CPUS];

Test(facts, figures_of_a_subscription_are_those_since_it_began)
{
	struct facts_subscription s = { 0 };

	counters[0].produced = 1000;
	counters[0].lost[3] = (struct pulsar_losses){ .ring_full = 20, .no_ring = 5 };
	positions[0].base_seq = 900;
	positions[0].base_lost = (struct pulsar_losses){ .ring_full = 10, .no_ring = 5 };
	positions[0].current = 1;
	positions[0].copy[0].delivered = 77;
	positions[0].copy[1].delivered = 60;
	positions[0].copy[1].lost[PULSAR_LOST_DISCARDED] = 7;
	counters[1].produced = 50;
	positions[1].copy[0].delivered = 50;
	facts_read_subscription(&s, counters, positions, CPUS, 3);
	cr_expect(s.positioned);
	cr_expect_eq(s.delivered, 110);
	cr_expect_eq(s.lost[PULSAR_LOST_RING_FULL], 10);
	cr_expect_eq(s.lost[PULSAR_LOST_NO_RING], 0);
	cr_expect_eq(s.lost[PULSAR_LOST_DISCARDED], 7);
	cr_expect_eq(s.waiting, 100 - 60 - 10 - 7);
	cr_expect_eq(facts_lost(s.lost), 17);
}

Test(facts, a_reader_that_lies_makes_no_nonsense_of_sums)
{
	struct facts_subscription s = { 0 };

	memset(positions, 0xff, sizeof(positions));
	counters[0].produced = 10;
	facts_read_subscription(&s, counters, positions, CPUS, PULSAR_SUBSCRIPTIONS_MAX - 1);
	cr_expect_eq(s.delivered, (__u64)INT64_MAX);
	cr_expect_eq(s.waiting, 0);
	cr_expect_eq(s.lost[PULSAR_LOST_RING_FULL], 0);
}

Test(facts, a_rate_is_that_between_two_looks)
{
	struct facts_module before = { .counted = true, .produced = 100 };
	struct facts_module now = { .counted = true, .produced = 300 };

	cr_expect_float_eq(facts_rate(&now, 3000000000, &before, 1000000000), 100, 1e-6);
	now.produced = 50; /* it was loaded anew */
	cr_expect_lt(facts_rate(&now, 3000000000, &before, 1000000000), 0);
	cr_expect_lt(facts_rate(&now, 3000000000, NULL, 0), 0);
	now.described = true;
	now.meta.loaded_ns = 1000000000;
	cr_expect_float_eq(facts_rate(&now, 3000000000, NULL, 0), 25, 1e-6);
	cr_expect_lt(facts_rate(&now, 1000000000, NULL, 0), 0, "a clock that stands");
	now.counted = false;
	cr_expect_lt(facts_rate(&now, 3000000000, &before, 1000000000), 0);
}

Test(facts, a_module_has_no_more_subscriptions_than_there_can_be)
{
	struct facts_module m = { 0 };
	char name[PULSAR_SUBSCRIPTION_LEN];

	for (int i = 0; i < PULSAR_SUBSCRIPTIONS_MAX; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		cr_assert(facts_subscription_add(&m, name));
		cr_expect_eq(facts_subscription_add(&m, name), facts_subscription(&m, name));
	}
	cr_expect_null(facts_subscription_add(&m, "more"));
}
