// SPDX-License-Identifier: Apache-2.0
/* Rings in, lines out, positions behind them. */
#include "drain.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <linux/membarrier.h>

#include "log.h"
#include "now.h"

/* Programs end in microseconds; whatever is missing for so long is not just late. */
#define OPEN_NS (200 * NSEC_PER_MSEC)

/* A record that has to stay where it is until its schema is there. */
#define DRAIN_HOLD 1

/* Writes the lines, and then takes what they say as delivered. */
static int drain_write(struct drain *d)
{
	struct out *out = &d->lines->out;
	int err;

	err = sink_write(d->sink, out->data, out->len);
	if (err)
		return err;
	out_consume(out, out->len);
	for (unsigned int cpu = 0; cpu < d->cpus; cpu++)
		lane_commit(&d->lane[cpu]);
	return 0;
}

static const struct pulsar_losses *drain_kernel(const struct drain *d, const struct lane *lane)
{
	return &d->counters->cpu[lane->cpu].lost[d->slot];
}

/* ---- losses ---- */

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
	err = drain_write(d);
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

/* A gap before a record: its events were counted as lost before that record was written. */
static int drain_gap(struct drain *d, struct lane *lane, __u64 time_ns)
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

/*
 * The end of a ring: what was claimed before the round began, and is not in it.
 * What of that is lost is said when the round is over, after all that came before.
 */
static void drain_tail(struct drain *d, struct lane *lane)
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

static int drain_tails(struct drain *d)
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

static int drain_resync(struct drain *d, struct lane *lane)
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

/* ---- from ring to ring ---- */

static int drain_enter(struct drain *d, struct lane *lane)
{
	struct account_losses losses;

	lane_enter(lane, drain_kernel(d, lane), &losses);
	return drain_report(d, lane, d->merge->now_ns, &losses);
}

static int drain_change(struct drain *d, struct lane *lane)
{
	struct ring *old = lane_change(lane);

	old->next = d->retired;
	d->retired = old;
	return drain_enter(d, lane);
}

/* Brings the lane's next record into the order, or its end. */
static int drain_next(struct drain *d, struct lane *lane, bool queued)
{
	enum ring_state state;
	int err;

	while ((state = ring_peek(lane->ring)) == RING_EMPTY && lane->ring->next) {
		err = drain_change(d, lane);
		if (err)
			return err;
	}
	if (state == RING_RECORD && queued)
		merge_next(d->merge, lane->ring->event.time_ns);
	else if (state == RING_RECORD)
		merge_push(d->merge, lane->cpu, lane->ring->event.time_ns);
	else if (queued)
		merge_pop(d->merge);
	if (state == RING_EMPTY)
		drain_tail(d, lane);
	return state == RING_CORRUPT ? drain_resync(d, lane) : 0;
}

/* ---- records ---- */

/* The plan for the record; 0 with NULL: there is none and will be none. */
static int drain_plan(struct drain *d, const struct lane *lane, struct plan **plan)
{
	__u32 generation = lane->ring->event.generation;
	int err;

	*plan = generations_find(d->generations, generation);
	if (*plan)
		return 0;
	err = generations_await(d->generations, generation, now_ns(CLOCK_MONOTONIC));
	if (!err)
		return DRAIN_HOLD;
	*plan = generations_find(d->generations, generation);
	return 0;
}

/* A record that no line can be made of. */
static int drain_discard(struct drain *d, struct lane *lane)
{
	const struct pulsar_event *event = &lane->ring->event;
	int err;

	err = drain_lost_line(d, lane, event->time_ns, PULSAR_LOST_DISCARDED, 1);
	if (!err)
		account_discarded(&lane->account, event->seq);
	return err;
}

static int drain_line(struct drain *d, struct lane *lane, const struct plan *plan)
{
	const struct pulsar_event *event = &lane->ring->event;
	enum encode_result result = LINE_BAD;
	int err;

	if (plan)
		result = lines_record(d->lines, plan, lane->ring, lane->cpu);
	if (result == LINE_FULL) {
		err = drain_write(d);
		if (err)
			return err;
		result = lines_record(d->lines, plan, lane->ring, lane->cpu);
	}
	if (result != LINE_OK && result != LINE_SKIPPED) {
		if (plan)
			log_warn("record %llu of CPU %u makes no sense", event->seq, lane->cpu);
		return drain_discard(d, lane);
	}
	account_delivered(&lane->account, event->seq);
	if (result == LINE_OK && d->left != ~0ull)
		d->left--;
	return 0;
}

/* Takes the record that is next in order; DRAIN_HOLD if it cannot be taken yet. */
static int drain_record(struct drain *d, struct lane *lane)
{
	const struct pulsar_event *event = &lane->ring->event;
	struct plan *plan;
	int err;

	/* It was written before the subscription began. */
	if (event->seq > lane->account.base_seq) {
		err = drain_plan(d, lane, &plan);
		if (err)
			return err;
		lane->touched = true;
		if (account_gap(&lane->account, event->seq)) {
			err = drain_gap(d, lane, event->time_ns);
			if (err)
				return err;
		}
		err = drain_line(d, lane, plan);
		if (err)
			return err;
	}
	lane->touched = true;
	ring_next(lane->ring);
	d->found++;
	return lines_due(d->lines) ? drain_write(d) : 0;
}

/* ---- the round ---- */

static int drain_begin(struct drain *d)
{
	int err;

	d->found = 0;
	d->held = false;
	d->open = false;
	d->reread = false;
	clock_map_refresh(&d->lines->clock);
	/* In this order: whatever has an earlier time was claimed, and whatever was claimed is counted. */
	merge_begin(d->merge, now_ns(CLOCK_BOOTTIME));
	err = counters_read(d->counters);
	if (err)
		return err;
	for (unsigned int cpu = 0; cpu < d->cpus; cpu++)
		d->lane[cpu].produced = d->counters->cpu[cpu].produced;
	/* And what is counted by now lies before the end of the ring, if it lies there at all. */
	for (unsigned int cpu = 0; cpu < d->cpus && !err; cpu++) {
		struct lane *lane = &d->lane[cpu];

		if (!lane->ring)
			continue;
		if (lane->entered)
			ring_refresh(lane->ring);
		else
			err = drain_enter(d, lane);
		if (!err)
			err = drain_next(d, lane, false);
	}
	return err;
}

/* Whether what is held back could make a ring overflow. */
static bool drain_pressed(const struct drain *d)
{
	for (unsigned int cpu = 0; cpu < d->cpus; cpu++) {
		const struct ring *ring = d->lane[cpu].ring;

		if (ring && ring_left(ring) > ring->size / 2)
			return true;
	}
	return false;
}

/* Whose record comes next; -1 if none may. */
static int drain_top(struct drain *d, bool *flush)
{
	int top = merge_top(d->merge, *flush);

	if (top >= 0 || !d->merge->used || !drain_pressed(d))
		return top;
	/* Better out of order than lost. */
	*flush = true;
	return merge_top(d->merge, true);
}

int drain_round(struct drain *drain, bool flush)
{
	int top, err;

	err = drain_begin(drain);
	while (!err && drain->left && (top = drain_top(drain, &flush)) >= 0) {
		struct lane *lane = &drain->lane[top];

		err = drain_record(drain, lane);
		if (!err)
			err = drain_next(drain, lane, true);
	}
	if (err < 0)
		return err;
	drain->held = drain->merge->used;
	err = drain->left ? drain_tails(drain) : 0;
	drain_unsettle(drain);
	return err ? err : drain_write(drain);
}

int drain_flush(struct drain *drain)
{
	return drain_write(drain);
}
