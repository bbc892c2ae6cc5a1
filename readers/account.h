/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exact accounting of one CPU of a subscription: which events were delivered,
 * which are known to be lost and why, and how many are neither yet. Pure logic:
 * no system call, no memory but the caller's.
 *
 * At all times, whatever is called with whatever numbers:
 *
 *   next_seq - 1 - base_seq == delivered + sum(lost) + unsettled
 *
 * Gaps alone prove nothing: a program that was interrupted after it had claimed
 * its seq writes its record later. What is lost is told by the kernel's loss
 * counters only, and as much as they count beyond what was reported already
 * is the credit from which gaps are paid.
 */
#ifndef READERS_ACCOUNT_H
#define READERS_ACCOUNT_H

#include <stdbool.h>

#include <linux/types.h>

#include <pulsar/event.h>

/* How many of enum pulsar_cause the kernel counts: the members of struct pulsar_losses. */
#define ACCOUNT_KERNEL_CAUSES PULSAR_LOST_DISCARDED

struct account {
	__u64 base_seq;			/* only later events belong to the subscription */
	struct pulsar_losses base_lost; /* what the slot's counters had when it began */
	struct pulsar_progress progress;
};

/* Events to be reported lost, by cause. */
struct account_losses {
	__u64 count[PULSAR_LOST_CAUSES];
};

/**
 * account_start() - begin at the beginning of a subscription
 * @account: storage of the caller; nothing to release
 * @base_seq: seq of the last event before it
 * @base_lost: the slot's loss counters at that time; NULL: they were 0
 */
void account_start(struct account *account, __u64 base_seq, const struct pulsar_losses *base_lost);

/**
 * account_holds() - whether the numbers fit together
 * @account: as read from a position map, which other processes can write too
 *
 * Return: true if the equation above holds and no seq lies before the beginning.
 */
bool account_holds(const struct account *account);

/* Adds to the balance, -1 too. Wraps where hostile numbers overflow it, and is defined to. */
static inline void account_unsettle(struct account *account, __u64 count)
{
	struct pulsar_progress *p = &account->progress;

	p->unsettled = (__s64)((__u64)p->unsettled + count);
}

/**
 * account_gap() - note that a record is the next one in the ring
 * @account: of the record's CPU
 * @seq: of the record
 *
 * What lies between it and the newest event seen before becomes unsettled. The
 * record itself is not counted: account_delivered() or account_discarded() follows.
 *
 * Return: true if there is a gap for which account_missing() should be asked.
 */
static inline bool account_gap(struct account *account, __u64 seq)
{
	struct pulsar_progress *p = &account->progress;

	if (seq <= p->next_seq)
		return false;
	account_unsettle(account, seq - p->next_seq);
	p->next_seq = seq;
	return p->unsettled > 0;
}

/* One record that account_gap() was called for: it is settled now, late or not. */
static inline void account_arrived(struct account *account, __u64 seq)
{
	if (seq == account->progress.next_seq)
		account->progress.next_seq++;
	else
		account_unsettle(account, -1ull);
}

/**
 * account_delivered() - the record's line is in the batch, or was not asked for
 * @account: of the record's CPU
 * @seq: of the record, after account_gap()
 */
static inline void account_delivered(struct account *account, __u64 seq)
{
	account_arrived(account, seq);
	account->progress.delivered++;
}

/**
 * account_discarded() - the record cannot be decoded; its Lost line is in the batch
 * @account: of the record's CPU
 * @seq: of the record, after account_gap()
 */
static inline void account_discarded(struct account *account, __u64 seq)
{
	account_arrived(account, seq);
	account->progress.lost[PULSAR_LOST_DISCARDED]++;
}

/**
 * account_tail() - the ring is read to the end; settle what was claimed before
 * @account: of the CPU
 * @produced: the counter, read before the ring's end was
 *
 * Return: true if account_missing() should be asked.
 */
bool account_tail(struct account *account, __u64 produced);

/**
 * account_missing() - what can be reported lost now
 * @account: of the CPU; not changed
 * @kernel: the slot's loss counters, read at any time since the gap was seen
 * @losses: out: events by cause, all 0 where there are none
 *
 * For each part of it that was put into the batch, call account_lost().
 *
 * Return: the sum of @losses.
 */
__u64 account_missing(const struct account *account, const struct pulsar_losses *kernel,
		      struct account_losses *losses);

/**
 * account_exchange() - what is still to come is known; the rest is lost for good
 * @account: of the CPU
 * @settled_seq: each event up to it has found its way: it was read, or lies in the ring that is
 *	read from now on, or was in one that is gone, or in a counter
 * @found: how many of those lie in the ring that is read from now on; see ring_count()
 * @kernel: the slot's loss counters, read after @settled_seq
 * @losses: out: what is lost: by what the kernel counted, and the rest as discarded
 *
 * For each part of @losses that was put into the batch, call account_lost().
 *
 * The credit can be that of losses beyond @settled_seq, and then these will have none. But
 * the other way round, credit that is left over for events that nobody lost, would be
 * worse: an event that is only late would be reported lost with it, and be one too many.
 * What stays without credit is settled by the next exchange, see drain_settle().
 *
 * Return: the sum of @losses.
 */
__u64 account_exchange(struct account *account, __u64 settled_seq, __u64 found,
		       const struct pulsar_losses *kernel, struct account_losses *losses);

/**
 * account_lost() - a Lost line is in the batch
 * @account: of the CPU
 * @cause: its cause, below PULSAR_LOST_CAUSES
 * @count: its count
 */
static inline void account_lost(struct account *account, enum pulsar_cause cause, __u64 count)
{
	account->progress.lost[cause] += count;
	account_unsettle(account, -count);
}

#endif
