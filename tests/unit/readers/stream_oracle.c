// SPDX-License-Identifier: Apache-2.0
/* Lives of stream_oracle.h: the kernel, loaderd, and what must be true in the end. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pulsar-test.h"
#include "stream_oracle.h"

unsigned int life_dice(struct life *l, unsigned int sides)
{
	return (unsigned int)rand_r(&l->seed) % sides;
}

/* ---- the kernel ---- */

static void lose(struct life *l, __u64 seq, __u64 *counter)
{
	l->fate[seq] = FATE_LOST;
	(*counter)++;
}

static void claim(struct life *l)
{
	if (l->flights == INFLIGHT || l->produced == SEQS)
		return;
	l->produced++;
	l->fate[l->produced] = FATE_UNDER_WAY;
	l->flight[l->flights++] = (struct flight){ l->produced, l->current };
	l->nested += l->flights > 1;
}

/* One of the programs that have claimed a seq ends; mostly the innermost. */
static void land(struct life *l)
{
	unsigned int i = life_dice(l, 8) ? l->flights - 1 : life_dice(l, l->flights);
	struct flight flight = l->flight[i];

	memmove(&l->flight[i], &l->flight[i + 1], (l->flights - i - 1) * sizeof(flight));
	l->flights--;
	switch (life_dice(l, 40)) {
	case 0:
		lose(l, flight.seq, &l->lost.no_ring);
		return;
	case 1:
		lose(l, flight.seq, &l->lost.busy);
		return;
	case 2:
		lose(l, flight.seq, &l->lost.other);
		return;
	}
	if (fake_ring_event(&l->fake[flight.ring], flight.seq, 1, life_dice(l, 200)))
		l->fate[flight.seq] = FATE_IN_RING;
	else
		lose(l, flight.seq, &l->lost.ring_full);
}

static void land_all(struct life *l)
{
	while (l->flights)
		land(l);
}

void life_kernel_runs(struct life *l, unsigned int most)
{
	for (unsigned int n = life_dice(l, most + 1); n; n--) {
		if (l->flights && life_dice(l, 3))
			land(l);
		else
			claim(l);
	}
}

/* ---- loaderd ---- */

static void exchange(struct life *l)
{
	unsigned int next = l->current + 1;

	if (next == RINGS || l->owing)
		return;
	l->exchanges++;
	/* Programs that have looked up the old ring go on with it, new ones take the new one. */
	l->current = next;
	life_kernel_runs(l, 6);
	l->settled_seq[next] = l->produced;
	life_kernel_runs(l, 6);
	/* A grace period: all that were running have ended. */
	land_all(l);
	life_kernel_runs(l, 3);
	l->owing = l->alive;
}

/* The reader connects again: it can take a while, and it reads on meanwhile. */
static void hand_over(struct life *l)
{
	if (l->alive && l->owing)
		life_map_ring(l, l->current);
	l->owing = false;
}

static struct life *life_new(unsigned int seed)
{
	struct life *l = calloc(1, sizeof(*l));

	cr_assert(l);
	l->seed = seed;
	for (unsigned int i = 0; i < RINGS; i++)
		fake_ring_init(&l->fake[i], 1);
	/* Another subscription had the slot before, and events were lost to it. */
	l->produced = life_dice(l, 50);
	l->lost.ring_full = life_dice(l, 1000);
	l->lost.busy = life_dice(l, 10);
	/* The first events that the ring gets are from before the subscription. */
	for (unsigned int i = life_dice(l, 3); i && l->produced; i--)
		fake_ring_event(&l->fake[0], l->produced + 1 - i, 1, 0);
	l->base_seq = l->position.base_seq = l->produced;
	l->base_lost = l->position.base_lost = l->lost;
	l->position.copy[0].next_seq = l->base_seq + 1;
	l->settled_seq[0] = l->produced;
	return l;
}

static void life_free(struct life *l)
{
	for (unsigned int i = 0; i < RINGS; i++)
		fake_ring_release(&l->fake[i]);
	free(l);
}

/* Everything stands still; whoever reads now must come to the truth. */
static void life_ends(struct life *l)
{
	land_all(l);
	l->over = true;
	if (!l->alive)
		life_attach(l);
	hand_over(l);
	life_round(l, 0);
	life_round(l, l->produced);
	cr_assert(l->alive);
}

static void life_judge(struct life *l)
{
	const struct pulsar_progress *p = &l->position.copy[l->position.current & 1];
	__u64 lost = 0, delivered = 0;

	for (int cause = 0; cause < PULSAR_LOST_CAUSES; cause++)
		lost += p->lost[cause];
	for (__u64 seq = l->base_seq + 1; seq <= l->produced; seq++) {
		cr_assert(l->fate[seq] == FATE_IN_RING || l->fate[seq] == FATE_LOST);
		cr_assert(!l->committed[seq] || l->fate[seq] == FATE_IN_RING);
		delivered += l->committed[seq];
	}
	cr_assert_eq(p->unsettled, 0, "unsettled %lld", p->unsettled);
	cr_assert_eq(p->delivered, delivered);
	cr_assert_eq(l->produced - l->base_seq, p->delivered + lost);
	cr_assert_eq(p->lost[PULSAR_LOST_RING_FULL], l->lost.ring_full - l->base_lost.ring_full);
	cr_assert_eq(p->lost[PULSAR_LOST_NO_RING], l->lost.no_ring);
	cr_assert_eq(p->lost[PULSAR_LOST_BUSY], l->lost.busy - l->base_lost.busy);
	cr_assert_eq(p->lost[PULSAR_LOST_OTHER], l->lost.other);
}

static void life_pass(struct life *l)
{
	while (l->produced < SEQS) {
		life_kernel_runs(l, 30);
		if (!life_dice(l, 60))
			exchange(l);
		if (!life_dice(l, 3))
			hand_over(l);
		if (!l->alive && !life_dice(l, 4))
			life_attach(l);
		if (l->alive)
			life_round(l, 0);
	}
	life_ends(l);
}

/* How much of what must be right was there at all. */
struct sums {
	unsigned int kills, exchanges, nested;
	__u64 ring_full, discarded;
};

static struct sums lives(unsigned int count, unsigned int mortality)
{
	struct sums sums = { 0 };

	for (unsigned int seed = 1; seed <= count; seed++) {
		struct life *l = life_new(seed);
		const struct pulsar_progress *p;

		l->mortality = mortality;
		l->pace = seed % 4;
		life_pass(l);
		life_judge(l);
		p = &l->position.copy[l->position.current & 1];
		sums.kills += l->kills;
		sums.exchanges += l->exchanges;
		sums.nested += l->nested;
		sums.ring_full += p->lost[PULSAR_LOST_RING_FULL];
		sums.discarded += p->lost[PULSAR_LOST_DISCARDED];
		life_free(l);
	}
	printf("kills %u, exchanges %u, interrupted programs %u, lost in rings: %llu full, %llu "
	       "gone\n",
	       sums.kills, sums.exchanges, sums.nested, sums.ring_full, sums.discarded);
	return sums;
}

Test(oracle, account_is_exact_whatever_happens, .timeout = 600)
{
	unsigned int count = scaled(400);
	struct sums sums = lives(count, 400);

	cr_expect_gt(sums.kills, count);
	cr_expect_gt(sums.exchanges, count);
	cr_expect_gt(sums.nested, count);
	cr_expect_gt(sums.ring_full, count);
	cr_expect_gt(sums.discarded, count);
}

Test(oracle, account_is_exact_with_readers_that_hardly_live, .timeout = 600)
{
	unsigned int count = scaled(100);
	struct sums sums = lives(count, 12);

	cr_expect_gt(sums.kills, 50 * count);
}

Test(oracle, account_is_exact_with_a_reader_that_is_never_killed, .timeout = 600)
{
	unsigned int count = scaled(200);
	struct sums sums = lives(count, 1000000000);

	cr_expect_gt(sums.exchanges, count);
}
