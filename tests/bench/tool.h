/* SPDX-License-Identifier: Apache-2.0 */
/* A tool that runs: a tracer, or a reader with the loaderd that it belongs to. */
#ifndef BENCH_TOOL_H
#define BENCH_TOOL_H

#include "bench.h"
#include "drain.h"

struct tool_spec {
	const char *name;
	const char *const *argv; /* argv[0] is looked for in the path; ends with NULL */
	bool nobody;		 /* run it as uid 65534, without any capability */
	bool late;		 /* see drain_start() */
	pid_t helper;		 /* its CPU time counts, too; 0: none */
};

struct tool {
	pid_t pid; /* 0: it ended */
	pid_t helper;
	struct drain drain;
	char log[128];	   /* what it writes to stderr */
	char failure[160]; /* why it ended by itself */
};

/* Starts it, with its output into a pipe that is drained. */
void tool_start(const struct bench *bench, struct tool *tool, const struct tool_spec *spec);

/* False: it has ended, and tool->failure says why. */
bool tool_runs(struct tool *tool);

/* Waits until it prints nothing any more; some seconds at most. */
void tool_settle(const struct tool *tool);

/* CPU time until now, of its helper, too. */
uint64_t tool_cpu_ns(const struct tool *tool);

/* Asks it to end, makes it end if it does not, and takes what it has printed. */
void tool_stop(struct tool *tool, struct drain_counts *counts);

/* Ends any process: by `signal`, and after some seconds by force. */
void process_stop(pid_t pid, int signal);

#endif
