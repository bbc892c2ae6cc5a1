/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole lives of a CPU's subscription, made up at random: programs that interrupt
 * each other, losses of all kinds, readers killed at any point, rings exchanged with and
 * without a reader. An oracle, who knows what became of each event, checks the account at
 * each step, and that nothing is left to settle in the end.
 */
#ifndef TESTS_STREAM_ORACLE_H
#define TESTS_STREAM_ORACLE_H

#include <stdbool.h>

#include "lane.h"
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

/* From 0 to sides - 1. */
unsigned int life_dice(struct life *l, unsigned int sides);
/* Up to so many programs begin or end. */
void life_kernel_runs(struct life *l, unsigned int most);

/* A reader is started. */
void life_attach(struct life *l);
/* It is handed a ring. */
void life_map_ring(struct life *l, unsigned int i);
/* What drain_round() does. `settled_seq`: what drain_settle() found out; 0: it was not called. */
void life_round(struct life *l, __u64 settled_seq);

#endif
