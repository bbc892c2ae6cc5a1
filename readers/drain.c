// SPDX-License-Identifier: Apache-2.0
/* Rings in, lines out, positions behind them. */
#include "drain.h"

#include "drain_loss.h"
#include "log.h"
#include "now.h"

/* A record that has to stay where it is until its schema is there. */
#define DRAIN_HOLD 1

int drain_flush(struct drain *drain)
{
	struct out *out = &drain->lines->out;
	int err;

	err = sink_write(drain->sink, out->data, out->len);
	if (err)
		return err;
	out_consume(out, out->len);
	for (unsigned int cpu = 0; cpu < drain->cpus; cpu++)
		lane_commit(&drain->lane[cpu]);
	return 0;
}

/* ---- from ring to ring ---- */

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

static void drain_count(struct drain *d, enum encode_result result)
{
	if (result == LINE_OK && d->left && d->left != ~0ull)
		d->left--;
}

/*
 * The line that the reader adds by itself. It comes with the record's, even if that was the last
 * one wanted.
 */
static int drain_derived(struct drain *d, struct lane *lane, const struct plan *plan)
{
	enum encode_result result;
	int err;

	if (!lines_derive(d->lines, plan, lane->ring))
		return 0;
	result = lines_derived(d->lines, plan, lane->ring, lane->cpu);
	if (result == LINE_FULL) {
		/*
		 * The position is still before the record, so that nothing is lost, at most
		 * repeated.
		 */
		err = drain_flush(d);
		if (err)
			return err;
		result = lines_derived(d->lines, plan, lane->ring, lane->cpu);
	}
	drain_count(d, result);
	return 0;
}

static int drain_line(struct drain *d, struct lane *lane, const struct plan *plan)
{
	const struct pulsar_event *event = &lane->ring->event;
	enum encode_result result = LINE_BAD;
	int err;

	if (plan)
		result = lines_record(d->lines, plan, lane->ring, lane->cpu);
	if (result == LINE_FULL) {
		err = drain_flush(d);
		if (err)
			return err;
		result = lines_record(d->lines, plan, lane->ring, lane->cpu);
	}
	if (result != LINE_OK && result != LINE_SKIPPED) {
		if (plan)
			log_warn("record %llu of CPU %u makes no sense", event->seq, lane->cpu);
		return drain_discard(d, lane);
	}
	drain_count(d, result);
	err = drain_derived(d, lane, plan);
	if (err)
		return err;
	account_delivered(&lane->account, event->seq);
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
	return lines_due(d->lines) ? drain_flush(d) : 0;
}

/* ---- the round ---- */

static void drain_note_fill(struct drain *d, const struct ring *ring)
{
	__u64 fill = ring_left(ring) / (ring->size / DRAIN_FULL);

	if (fill > d->fill)
		d->fill = (unsigned int)fill;
}

static int drain_begin(struct drain *d)
{
	int err;

	d->found = 0;
	d->fill = 0;
	d->held = false;
	d->more = false;
	d->open = false;
	d->reread = false;
	clock_map_refresh(&d->lines->clock);
	/*
	 * In this order: whatever has an earlier time was claimed, and whatever was claimed is
	 * counted.
	 */
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
		drain_note_fill(d, lane->ring);
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
	unsigned int most = flush ? ~0u : drain->most;
	int top, err;

	err = drain_begin(drain);
	while (!err && drain->left && (top = drain_top(drain, &flush)) >= 0) {
		struct lane *lane = &drain->lane[top];

		drain->more = drain->found >= most;
		if (drain->more)
			break;
		err = drain_record(drain, lane);
		if (!err)
			err = drain_next(drain, lane, true);
	}
	if (err < 0)
		return err;
	drain->held = drain->merge->used;
	err = drain->left ? drain_tails(drain) : 0;
	drain_unsettle(drain);
	return err ? err : drain_flush(drain);
}
