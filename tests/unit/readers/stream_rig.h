/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A drain with rings in plain memory, two CPUs, a real counters map, and a file to
 * write to; and what the test says that the programs did.
 */
#ifndef TESTS_STREAM_RIG_H
#define TESTS_STREAM_RIG_H

#include "drain.h"
#include "stream_fake.h"

#define RIG_CPUS  2
#define RIG_RINGS 4 /* per CPU, one after the other */
#define RIG_SLOT  3

struct rig {
	struct drain drain;
	struct lane lane[RIG_CPUS];
	struct merge merge;
	struct counters counters;
	struct generations generations;
	struct lines lines;
	struct sink sink;
	int out; /* what was written */
	struct pulsar_position position[RIG_CPUS];
	struct fake_ring fake[RIG_CPUS][RIG_RINGS];
	unsigned int rings[RIG_CPUS];	/* made so far; the newest is in use */
	__u64 settled_seq[RIG_CPUS];	/* of the newest */
	struct pulsar_counters *kernel; /* what the map is to hold */
};

/* Event `Plain` is type 1, `Other` type 2. Skips the test without root or with one CPU. */
void rig_init(struct rig *rig, __u64 window_ns);
void rig_release(struct rig *rig);

/* The reader is gone and another one comes: only positions, rings and the map stay. */
void rig_reader_killed(struct rig *rig);
/* A new ring for the CPU, as from a loaderd that was restarted. */
void rig_ring(struct rig *rig, unsigned int cpu, __u64 settled_seq);
/* Programs: an event that arrives; one that is claimed only; one that is lost. */
__u64 rig_event(struct rig *rig, unsigned int cpu, __u64 time_ns);
__u64 rig_claim(struct rig *rig, unsigned int cpu);
void rig_arrive(struct rig *rig, unsigned int cpu, __u64 seq, __u64 time_ns);
void rig_lose(struct rig *rig, unsigned int cpu, unsigned int count);
/* One round over what the programs did. */
int rig_round(struct rig *rig, bool flush);

/* The lines since the last call, each as "cpu:seq" or "cpu:lost count cause", with blanks between them. */
const char *rig_lines(struct rig *rig);
/* What is noted of a CPU. */
const struct pulsar_progress *rig_progress(const struct rig *rig, unsigned int cpu);
/* Fails the test unless all that was produced is delivered or lost, and noted so. */
void rig_expect_settled(const struct rig *rig);

#endif
