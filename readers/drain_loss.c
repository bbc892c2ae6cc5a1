// SPDX-License-Identifier: Apache-2.0
/* When something is missing: what is lost of it, and the lines that say so. */
#include "drain_loss.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <linux/membarrier.h>

#include "log.h"
#include "now.h"

/* Programs end in microseconds; whatever is missing for so long is not just late. */
#define OPEN_NS (200 * NSEC_PER_MSEC)

static const struct pulsar_losses *drain_kernel(const struct drain *d, const struct lane *lane)
{
	return &d->counters->cpu[lane->cpu].lost[d->slot];
}

/* One Lost line; the account is told of it when there is room for it. */
static int drain_lost_line(struct drain *d, struct lane *lane, __u64 time_ns,
			   enum pulsar_cause cause, __u64 count)
{
	const struct plan *plan = generations_newest(d->generations);
	const struct encode_loss loss = {
		.cpu = lane->cpu,
		.time_ns = time_ns,
		.cause = cause,
		.count = count,
		.total = lane->account.progress.lost[cause] + count,
	};
	int err;

	if (lines_lost(d->lines, plan, &loss) != LINE_FULL)
		return 0;
	err = drain_flush(d);
	if (err)
		return err;
	/* In an empty batch there is room. */
	lines_lost(d->lines, plan, &loss);
	return 0;
}

static int drain_report(struct drain *d, struct lane *lane, __u64 time_ns,
			const struct account_losses *losses)
{
	for (int cause = 0; cause < PULSAR_LOST_CAUSES; cause++) {
		__u64 count = losses->count[cause];
		int err;

		if (!count)
			continue;
		err = drain_lost_line(d, lane, time_ns, (enum pulsar_cause)cause, count);
		if (err)
			return err;
		account_lost(&lane->account, (enum pulsar_cause)cause, count);
		lane->touched = true;
	}
	return 0;
}

int drain_gap(struct drain *d, struct lane *lane, __u64 time_ns)
{
	struct account_losses losses;
	__u64 missing;
	int err;

	missing = account_missing(&lane->account, drain_kernel(d, lane), &losses);
	if (missing < (__u64)lane->account.progress.unsettled && !d->reread) {
		d->reread = true;
		err = counters_read(d->counters);
		if (err)
			return err;
		account_missing(&lane->account, drain_kernel(d, lane), &losses);
	}
	return drain_report(d, lane, time_ns, &losses);
}

/* Notes since when there is something that is neither here nor counted as lost. */
static void drain_open(struct drain *d, struct lane *lane, bool open)
{
	if (!open)
		lane->open_ns = 0;
	else if (!lane->open_ns)
		lane->open_ns = d->merge->now_ns;
	else if (d->merge->now_ns - lane->open_ns >= OPEN_NS)
		d->open = true;
}

/* What of a lane that is read to the end is lost: by the counters, or for good. */
static __u64 drain_missing(const struct drain *d, struct lane *lane, struct account_losses *losses)
{
	const struct pulsar_losses *kernel = drain_kernel(d, lane);

	if (lane->settled_seq)
		return account_exchange(&lane->account, lane->settled_seq, 0, kernel, losses);
	return account_missing(&lane->account, kernel, losses);
}

void drain_tail(struct drain *d, struct lane *lane)
{
	struct account *account = &lane->account;
	struct account_losses losses;
	__u64 missing = 0;
	bool settled;

	if (lane->produced >= account->progress.next_seq)
		lane->touched = true;
	if (account_tail(account, lane->produced))
		missing = drain_missing(d, lane, &losses);
	settled = account->progress.unsettled <= (__s64)missing;
	lane->losses_due = missing;
	drain_open(d, lane, !settled);
	merge_exhausted(d->merge, lane->cpu, settled);
}

int drain_tails(struct drain *d)
{
	struct account_losses losses;
	int err = 0;

	for (unsigned int cpu = 0; cpu < d->cpus && !err; cpu++) {
		struct lane *lane = &d->lane[cpu];

		if (!lane->losses_due)
			continue;
		lane->losses_due = false;
		drain_missing(d, lane, &losses);
		err = drain_report(d, lane, d->merge->now_ns, &losses);
	}
	return err;
}

int drain_settle(struct drain *drain)
{
	int err;

	err = counters_read(drain->counters);
	if (err)
		return err;
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		return 0;
	for (unsigned int cpu = 0; cpu < drain->cpus; cpu++)
		if (drain->lane[cpu].open_ns)
			drain->lane[cpu].settled_seq = drain->counters->cpu[cpu].produced;
	return 0;
}

int drain_resync(struct drain *d, struct lane *lane)
{
	struct account_losses losses;
	int err;

	log_warn("the ring of CPU %u is corrupt: what was in it is lost", lane->cpu);
	err = counters_read(d->counters);
	if (err)
		return err;
	lane_resync(lane, d->counters->cpu[lane->cpu].produced, drain_kernel(d, lane), &losses);
	/* What comes now is for the next round. */
	merge_exhausted(d->merge, lane->cpu, false);
	return drain_report(d, lane, d->merge->now_ns, &losses);
}

void drain_unsettle(struct drain *drain)
{
	for (unsigned int cpu = 0; cpu < drain->cpus; cpu++)
		drain->lane[cpu].settled_seq = 0;
}

int drain_enter(struct drain *d, struct lane *lane)
{
	struct account_losses losses;

	lane_enter(lane, drain_kernel(d, lane), &losses);
	return drain_report(d, lane, d->merge->now_ns, &losses);
}

int drain_discard(struct drain *d, struct lane *lane)
{
	const struct pulsar_event *event = &lane->ring->event;
	int err;

	err = drain_lost_line(d, lane, event->time_ns, PULSAR_LOST_DISCARDED, 1);
	if (!err)
		account_discarded(&lane->account, event->seq);
	return err;
}
