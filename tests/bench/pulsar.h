/* SPDX-License-Identifier: Apache-2.0 */
/* A Pulsar of the benchmark's own: loaderd, and readers as nobody. */
#ifndef BENCH_PULSAR_H
#define BENCH_PULSAR_H

#include <pulsar/event.h>

#include "tool.h"

struct pulsar {
	pid_t pid; /* of loaderd; 0: it does not run */
	char pins[96];
	char socket[96];
	char reader[256];
	char log[96];	     /* of loaderd */
	uint64_t started_ns; /* CLOCK_MONOTONIC at which loaderd was started */
	uint64_t ready_ns;   /* ... and said that it is ready */
	char failure[160];   /* why it is not */
};

/**
 * pulsar_start() - start loaderd and wait until it is ready
 * @bench: the benchmark
 * @pulsar: out, ended with pulsar_stop()
 * @modules: their names, with commas between them
 * @config: further configuration, or NULL
 *
 * Return: false if it does not start; pulsar->failure says why.
 */
bool pulsar_start(const struct bench *bench, struct pulsar *pulsar, const char *modules,
		  const char *config);

/* Ends loaderd; it takes its pins with it. One that does not run is fine. */
void pulsar_stop(struct pulsar *pulsar);

/**
 * pulsar_read() - start a reader
 * @bench: the benchmark
 * @pulsar: which runs
 * @tool: out, ended with tool_stop()
 * @module: whose events
 * @subscription: NULL: default
 * @late: see drain_start()
 */
void pulsar_read(const struct bench *bench, const struct pulsar *pulsar, struct tool *tool,
		 const char *module, const char *subscription, bool late);

/* The module's counters, summed over CPUs. */
void pulsar_counters(const struct pulsar *pulsar, const char *module,
		     struct pulsar_counters *counters);

/* Events of a slot that were lost, for whatever cause. */
uint64_t pulsar_lost(const struct pulsar_counters *counters, unsigned int slot);

/* Waits until the reader has printed as many lines; some seconds at most. */
bool pulsar_await_lines(struct tool *tool, uint64_t lines);

#endif
