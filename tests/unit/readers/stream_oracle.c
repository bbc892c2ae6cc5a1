// SPDX-License-Identifier: Apache-2.0
/*
 * Whole lives of a CPU's subscription, made up at random: programs that interrupt
 * each other, losses of all kinds, readers killed at any point, rings exchanged with and
 * without a reader. An oracle, who knows what became of each event, checks the account at
 * each step, and that nothing is left to settle in the end.
 *
 * The reader here does what drain.c does, in the same order, but stands still
 * between any two steps for the kernel to go on.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lane.h"
#include "pulsar-test.h"
#include "stream_fake.h"
#include "subscription.h"

#define SEQS	 4096 /* per life, at most */
#define RINGS	 24
#define INFLIGHT 3

enum fate {
	FATE_NONE,
	FATE_UNDER_WAY,
	FATE_IN_RING,
	FATE_LOST,
};

struct flight {
	__u64 seq;
	unsigned int ring; /* into which it goes */
};

struct life {
	unsigned int seed;
	/* the kernel */
	__u64 produced;
	struct pulsar_losses lost;
	struct flight flight[INFLIGHT];
	unsigned int flights;
	unsigned char fate[SEQS + 1];
	/* loaderd */
	struct fake_ring fake[RINGS];
	__u64 settled_seq[RINGS];
	unsigned int current; /* ring in use */
	bool owing;	      /* the reader was not yet told of it */
	struct pulsar_position position;
	/* the reader */
	struct ring mapped[RINGS];
	struct lane lane;
	bool alive;
	struct pulsar_losses seen_lost; /* counters as read last */
	__u64 batch[SEQS];
	unsigned int batched;
	/* the oracle */
	unsigned char committed[SEQS + 1];
	__u64 base_seq;
	struct pulsar_losses base_lost;
	bool over;		/* nothing happens any more */
	unsigned int mortality; /* steps that a reader lives through, on average */
	unsigned int pace;	/* of the kernel while the reader does one step */
	unsigned int kills, exchanges, nested;
};

static unsigned int dice(struct life *l, unsigned int sides)
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
	unsigned int i = dice(l, 8) ? l->flights - 1 : dice(l, l->flights);
	struct flight flight = l->flight[i];

	memmove(&l->flight[i], &l->flight[i + 1], (l->flights - i - 1) * sizeof(flight));
	l->flights--;
	switch (dice(l, 40)) {
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
	if (fake_ring_event(&l->fake[flight.ring], flight.seq, 1, dice(l, 200)))
		l->fate[flight.seq] = FATE_IN_RING;
	else
		lose(l, flight.seq, &l->lost.ring_full);
}

static void land_all(struct life *l)
{
	while (l->flights)
		land(l);
}

static void kernel_runs(struct life *l, unsigned int most)
{
	for (unsigned int n = dice(l, most + 1); n; n--) {
		if (l->flights && dice(l, 3))
			land(l);
		else
			claim(l);
	}
}

/* ---- the oracle ---- */

static void check_account(const struct account *a)
{
	cr_assert(account_holds(a), "next %llu base %llu delivered %llu unsettled %lld",
		  a->progress.next_seq, a->base_seq, a->progress.delivered, a->progress.unsettled);
}

/* The kernel goes on for a while; then the reader may be killed. */
static bool step(struct life *l)
{
	struct account noted;

	check_account(&l->lane.account);
	cr_assert(position_load(&l->position, &noted));
	check_account(&noted);
	if (l->over)
		return false;
	kernel_runs(l, l->pace);
	if (dice(l, l->mortality))
		return false;
	l->kills++;
	l->alive = false;
	return true;
}

/* ---- the reader ---- */

static void map_ring(struct life *l, unsigned int i)
{
	struct ring *ring = &l->mapped[i];

	ring_init(ring, l->fake[i].control, l->fake[i].size);
	ring->ring_id = i + 1;
	ring->settled_seq = l->settled_seq[i];
	lane_add(&l->lane, ring);
}

static void attach(struct life *l)
{
	cr_assert(lane_init(&l->lane, 0, &l->position), "the position was left broken");
	l->batched = 0;
	l->alive = true;
	l->owing = false;
	map_ring(l, l->current);
}

static void report(struct life *l, const struct account_losses *losses)
{
	for (int cause = 0; cause < PULSAR_LOST_CAUSES; cause++)
		account_lost(&l->lane.account, (enum pulsar_cause)cause, losses->count[cause]);
	l->lane.touched = true;
}

/* False: killed. */
static bool read_counters(struct life *l)
{
	l->lane.produced = l->produced;
	if (step(l))
		return false;
	l->seen_lost = l->lost;
	return !step(l);
}

static bool enter(struct life *l)
{
	struct account_losses losses;

	lane_enter(&l->lane, &l->seen_lost, &losses);
	report(l, &losses);
	return !step(l);
}

static bool take(struct life *l, bool *reread)
{
	struct lane *lane = &l->lane;
	__u64 seq = lane->ring->event.seq;
	struct account_losses losses;

	lane->touched = true;
	if (seq > lane->account.base_seq) {
		if (account_gap(&lane->account, seq)) {
			if (!*reread)
				l->seen_lost = l->lost;
			*reread = true;
			account_missing(&lane->account, &l->seen_lost, &losses);
			report(l, &losses);
		}
		account_delivered(&lane->account, seq);
		l->batch[l->batched++] = seq;
	}
	ring_next(lane->ring);
	return !step(l);
}

static void tail(struct life *l, __u64 settled_seq)
{
	struct account *account = &l->lane.account;
	struct account_losses losses;

	l->lane.touched = true;
	if (!account_tail(account, l->lane.produced))
		return;
	if (settled_seq)
		account_exchange(account, settled_seq, 0, &l->seen_lost, &losses);
	else
		account_missing(account, &l->seen_lost, &losses);
	report(l, &losses);
}

static bool commit(struct life *l)
{
	/* Written, but not noted: the next reader will write it again. */
	if (step(l))
		return false;
	if (!l->over && !dice(l, l->mortality / 2)) {
		/* Killed in the middle of filling the other copy. */
		memset(&l->position.copy[!(l->position.current & 1)], 0xee, 40);
		l->kills++;
		l->alive = false;
		return false;
	}
	for (unsigned int i = 0; i < l->batched; i++) {
		cr_assert_not(l->committed[l->batch[i]], "%llu twice", l->batch[i]);
		l->committed[l->batch[i]] = 1;
	}
	l->batched = 0;
	if (!l->over && !dice(l, l->mortality / 2)) {
		/* Killed before data_tail was moved. */
		l->lane.account.progress.tail = l->lane.ring->at;
		position_commit(&l->position, &l->lane.account.progress);
		l->kills++;
		l->alive = false;
		return false;
	}
	lane_commit(&l->lane);
	return !step(l);
}

/* What drain_round() does. `settled_seq`: what drain_settle() found out; 0: it was not called. */
static void round_once(struct life *l, __u64 settled_seq)
{
	struct lane *lane = &l->lane;
	bool reread = false;
	enum ring_state state;

	if (!read_counters(l))
		return;
	if (lane->entered)
		ring_refresh(lane->ring);
	else if (!enter(l))
		return;
	for (;;) {
		while ((state = ring_peek(lane->ring)) == RING_EMPTY && lane->ring->next) {
			lane_change(lane);
			if (!enter(l))
				return;
		}
		cr_assert_neq(state, RING_CORRUPT);
		if (state == RING_EMPTY)
			break;
		if (!take(l, &reread))
			return;
		if (!dice(l, 50) && !commit(l))
			return;
	}
	tail(l, settled_seq);
	commit(l);
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
	kernel_runs(l, 6);
	l->settled_seq[next] = l->produced;
	kernel_runs(l, 6);
	/* A grace period: all that were running have ended. */
	land_all(l);
	kernel_runs(l, 3);
	l->owing = l->alive;
}

/* The reader connects again: it can take a while, and it reads on meanwhile. */
static void hand_over(struct life *l)
{
	if (l->alive && l->owing)
		map_ring(l, l->current);
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
	l->produced = dice(l, 50);
	l->lost.ring_full = dice(l, 1000);
	l->lost.busy = dice(l, 10);
	/* The first events that the ring gets are from before the subscription. */
	for (unsigned int i = dice(l, 3); i && l->produced; i--)
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
		attach(l);
	hand_over(l);
	round_once(l, 0);
	round_once(l, l->produced);
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
		kernel_runs(l, 30);
		if (!dice(l, 60))
			exchange(l);
		if (!dice(l, 3))
			hand_over(l);
		if (!l->alive && !dice(l, 4))
			attach(l);
		if (l->alive)
			round_once(l, 0);
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

Test(oracle, account_is_exact_whatever_happens, .timeout = 120)
{
	unsigned int count = scaled(400);
	struct sums sums = lives(count, 400);

	cr_expect_gt(sums.kills, count);
	cr_expect_gt(sums.exchanges, count);
	cr_expect_gt(sums.nested, count);
	cr_expect_gt(sums.ring_full, count);
	cr_expect_gt(sums.discarded, count);
}

Test(oracle, account_is_exact_with_readers_that_hardly_live, .timeout = 120)
{
	unsigned int count = scaled(100);
	struct sums sums = lives(count, 12);

	cr_expect_gt(sums.kills, 50 * count);
}

Test(oracle, account_is_exact_with_a_reader_that_is_never_killed, .timeout = 120)
{
	unsigned int count = scaled(200);
	struct sums sums = lives(count, 1000000000);

	cr_expect_gt(sums.exchanges, count);
}
