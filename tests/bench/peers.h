/* SPDX-License-Identifier: Apache-2.0 */
/* Who is compared: the tools, by the load that they are run on. */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include "pulsar.h"

#define PEER_ARGS 8

struct peer {
	const char *load;
	const char *name;
	const char *argv[PEER_ARGS]; /* of a tool; NULL: Pulsar */
	const char *module;	     /* of Pulsar */
	double events; /* lines about the load in one operation; 0: not counted in lines */
};

/* Ends with one whose load is NULL. */
extern const struct peer peers[];

/* A peer that runs, and has shown that it sees the load. */
struct running {
	struct pulsar pulsar;
	struct tool tool;
};

/**
 * peer_start() - start a peer and wait until it reports what a load does
 * @bench: the benchmark
 * @peer: which one
 * @running: out, ended with peer_stop()
 * @failure: out: why not
 * @size: bytes of @failure
 *
 * Return: false if it does not run here; nothing runs then.
 */
bool peer_start(const struct bench *bench, const struct peer *peer, struct running *running,
		char *failure, size_t size);

void peer_stop(struct running *running, struct drain_counts *counts);

#endif
