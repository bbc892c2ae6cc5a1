/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The benchmark: what its parts share. It runs the real programs on the real kernel, one
 * tool at a time, each on the same load. On any failure of the benchmark itself it ends with
 * a message; a tool that does not run here is a line in the table.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define BENCH_SAMPLES 64

struct bench {
	bool full;	     /* BENCH=full: more and longer runs */
	unsigned int cpus;   /* online */
	unsigned int rounds; /* how often each tool gets its turn */
	unsigned int ms;     /* of one run of the load */
	bool wait;	     /* for an idle machine */
	const char *build;   /* folder with the programs under test */
	char work[64];	     /* own folder, on a tmpfs if there is one */
	FILE *json;	     /* one object per line; NULL: not wanted */
};

/* Ends the benchmark; what it has started ends with it. */
void bench_die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* A heading of the report. */
void bench_section(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * bench_json() - one result for machines
 * @bench: the benchmark
 * @section: its name
 * @format: what comes after it in the object, e.g. "\"ns\":%.1f"
 */
void bench_json(const struct bench *bench, const char *section, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* CLOCK_MONOTONIC */
uint64_t bench_now(void);

void bench_sleep_ms(unsigned int ms);

/* ---- samples ---- */

struct samples {
	unsigned int count;
	double value[BENCH_SAMPLES];
};

void samples_add(struct samples *samples, double value);

/* 0 if there are none. */
double samples_median(const struct samples *samples);

/* ---- the load ---- */

struct load_result {
	double ns;	     /* wall time of one operation */
	double cpu_ns;	     /* CPU time of the load in it */
	uint64_t operations; /* warm-up included */
	double busy;	     /* share of all CPUs that was in use meanwhile */
};

/**
 * load_run() - one run of a load
 * @bench: the benchmark
 * @kind: of load.c
 * @processes: how many
 * @rate: flood: events per second; 0: as many as possible
 * @result: out
 *
 * A machine that is busy with something else is waited for before, for a while.
 */
void load_run(const struct bench *bench, const char *kind, unsigned int processes, double rate,
	      struct load_result *result);

/* The same, with a time of its own and no wait. */
void load_run_for(const struct bench *bench, const char *kind, unsigned int processes,
		  unsigned int ms, double rate, struct load_result *result);

/* Waits, for some seconds at most, until the machine is idle. */
void bench_quiet(const struct bench *bench);

/* Share of the CPUs that is in use, over the next `ms`; 0 to 1. */
double bench_busy(unsigned int ms);

/* The names of all modules that were built, core left out, with commas between them. */
void bench_modules(const struct bench *bench, char *names, size_t size);

/* ---- sections ---- */

void section_peers(struct bench *bench);
void section_programs(struct bench *bench);
void section_rates(struct bench *bench);
void section_lines(struct bench *bench);
void section_latency(struct bench *bench);
void section_idle(struct bench *bench);
void section_start(struct bench *bench);
void section_subscriptions(struct bench *bench);
void section_filters(struct bench *bench);
void section_memory(struct bench *bench);

#endif
