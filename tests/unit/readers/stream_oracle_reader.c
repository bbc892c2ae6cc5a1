// SPDX-License-Identifier: Apache-2.0
/*
 * The reader in a life of stream_oracle.h. It does what drain.c does, in the same order, but
 * stands still between any two steps for the kernel to go on, and may be killed there.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "stream_oracle.h"

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
	life_kernel_runs(l, l->pace);
	if (life_dice(l, l->mortality))
		return false;
	l->kills++;
	l->alive = false;
	return true;
}

void life_map_ring(struct life *l, unsigned int i)
{
	struct ring *ring = &l->mapped[i];

	ring_init(ring, l->fake[i].control, l->fake[i].size);
	ring->ring_id = i + 1;
	ring->settled_seq = l->settled_seq[i];
	lane_add(&l->lane, ring);
}

void life_attach(struct life *l)
{
	cr_assert(lane_init(&l->lane, 0, &l->position), "the position was left broken");
	l->batched = 0;
	l->alive = true;
	l->owing = false;
	life_map_ring(l, l->current);
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
	if (!l->over && !life_dice(l, l->mortality / 2)) {
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
	if (!l->over && !life_dice(l, l->mortality / 2)) {
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

void life_round(struct life *l, __u64 settled_seq)
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
		if (!life_dice(l, 50) && !commit(l))
			return;
	}
	tail(l, settled_seq);
	commit(l);
}
