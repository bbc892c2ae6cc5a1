// SPDX-License-Identifier: Apache-2.0
/* Credits and debts: which of the events that are missing the kernel owns up to. */
#include "account.h"

#include <string.h>

void account_start(struct account *account, __u64 base_seq, const struct pulsar_losses *base_lost)
{
	memset(account, 0, sizeof(*account));
	account->base_seq = base_seq;
	if (base_lost)
		account->base_lost = *base_lost;
	account->progress.next_seq = base_seq + 1;
}

bool account_holds(const struct account *account)
{
	const struct pulsar_progress *p = &account->progress;
	__u64 sum = p->delivered + (__u64)p->unsettled;

	for (int cause = 0; cause < PULSAR_LOST_CAUSES; cause++)
		sum += p->lost[cause];
	return p->next_seq > account->base_seq && p->next_seq - 1 - account->base_seq == sum;
}

/* What the kernel counted for a cause and nobody was told yet. */
static __u64 account_credit(__u64 counted, __u64 before, __u64 reported)
{
	__s64 credit = (__s64)(counted - before - reported);

	return credit > 0 ? (__u64)credit : 0;
}

/* Shares out at most `due` events among the causes that have credit; returns what is left. */
static __u64 account_pay(const struct account *account, const struct pulsar_losses *kernel,
			 __u64 due, struct account_losses *losses)
{
	const __u64 counted[ACCOUNT_KERNEL_CAUSES] = {
		[PULSAR_LOST_RING_FULL] = kernel->ring_full,
		[PULSAR_LOST_NO_RING] = kernel->no_ring,
		[PULSAR_LOST_BUSY] = kernel->busy,
		[PULSAR_LOST_OTHER] = kernel->other,
	};
	const __u64 before[ACCOUNT_KERNEL_CAUSES] = {
		[PULSAR_LOST_RING_FULL] = account->base_lost.ring_full,
		[PULSAR_LOST_NO_RING] = account->base_lost.no_ring,
		[PULSAR_LOST_BUSY] = account->base_lost.busy,
		[PULSAR_LOST_OTHER] = account->base_lost.other,
	};

	for (int cause = 0; cause < ACCOUNT_KERNEL_CAUSES; cause++) {
		__u64 share = account_credit(counted[cause], before[cause],
					     account->progress.lost[cause]);

		if (share > due)
			share = due;
		losses->count[cause] = share;
		due -= share;
	}
	return due;
}

__u64 account_missing(const struct account *account, const struct pulsar_losses *kernel,
		      struct account_losses *losses)
{
	__s64 unsettled = account->progress.unsettled;
	__u64 due = unsettled > 0 ? (__u64)unsettled : 0;

	memset(losses, 0, sizeof(*losses));
	return due - account_pay(account, kernel, due, losses);
}

bool account_tail(struct account *account, __u64 produced)
{
	struct pulsar_progress *p = &account->progress;

	if (produced >= p->next_seq) {
		account_unsettle(account, produced - p->next_seq + 1);
		p->next_seq = produced + 1;
	}
	return p->unsettled > 0;
}

__u64 account_exchange(struct account *account, __u64 settled_seq, __u64 found,
		       const struct pulsar_losses *kernel, struct account_losses *losses)
{
	struct pulsar_progress *p = &account->progress;
	/*
	 * Of what is unsettled, this is still to come: what the new ring has up to
	 * settled_seq, and all that was noted as missing beyond it, because the
	 * old ring was read to an end that was later than settled_seq.
	 */
	__u64 to_come = found;
	__s64 gone;

	if (settled_seq >= p->next_seq)
		account_tail(account, settled_seq);
	else
		to_come += p->next_seq - 1 - settled_seq;
	memset(losses, 0, sizeof(*losses));
	gone = (__s64)((__u64)p->unsettled - to_come);
	if (gone <= 0)
		return 0;
	losses->count[PULSAR_LOST_DISCARDED] = account_pay(account, kernel, (__u64)gone, losses);
	return (__u64)gone;
}
