// SPDX-License-Identifier: Apache-2.0
/*
 * Section peers: each load alone, then with a tool, then alone, with the next tool, and
 * so on, several times around. What a tool costs is compared with the runs of the load alone
 * before and after it, and the median of the rounds is what counts.
 */
#include <stdlib.h>
#include <string.h>

#include "peers.h"
#include "proc.h"

#define TOOLS_MAX 12
#define TRIES_MAX 3
/* Share of the CPUs that others may have had in a run, or it is done again. */
#define NOISE_MAX 0.12

/* What was measured of one tool on one load. */
struct row {
	const struct peer *peer;
	char failure[160];
	struct samples slow;	 /* wall time with, over without */
	struct samples slow_cpu; /* the same of the load's CPU time */
	struct samples added_ns; /* of an operation */
	struct samples cpu_us;	 /* of the tool, for one line */
	struct samples cpu_operation_us;
	struct samples seen; /* share of the lines about the load that were printed */
	struct samples peak_mb;
	struct samples line_bytes;
};

/* One run of the load with a tool. */
struct run {
	struct load_result load;
	uint64_t tool_ns, drain_ns, lines, bytes, marked;
	struct proc_memory memory;
};

static bool noisy(const struct bench *bench, const struct load_result *load, double others_ns,
		  double wall_ns)
{
	double used = load->cpu_ns * load->operations + others_ns;

	return bench->wait && load->busy * bench->cpus - used / wall_ns > NOISE_MAX * bench->cpus;
}

static void run_alone(const struct bench *bench, const char *kind, unsigned int processes,
		      struct load_result *load)
{
	for (unsigned int i = 0; i < TRIES_MAX; i++) {
		uint64_t begin;

		bench_quiet(bench);
		begin = bench_now();
		load_run_for(bench, kind, processes, bench->ms, 0, load);
		if (!noisy(bench, load, 0, bench_now() - begin))
			return;
	}
}

static bool run_once(const struct bench *bench, const struct peer *peer, unsigned int processes,
		     struct tool *tool, struct run *run)
{
	const volatile struct drain_counts *counts = tool->drain.counts;
	uint64_t lines, bytes, marked, cpu, drain, begin, ns;

	tool_settle(tool);
	lines = counts->lines;
	bytes = counts->bytes;
	marked = counts->marked;
	cpu = tool_cpu_ns(tool);
	drain = proc_cpu_ns(tool->drain.pid);
	begin = bench_now();
	load_run_for(bench, peer->load, processes, bench->ms, 0, &run->load);
	ns = bench_now() - begin;
	run->drain_ns = proc_cpu_ns(tool->drain.pid) - drain;
	run->tool_ns = tool_cpu_ns(tool) - cpu;
	if (noisy(bench, &run->load, run->tool_ns + run->drain_ns, ns))
		return false;
	tool_settle(tool);
	run->tool_ns = tool_cpu_ns(tool) - cpu;
	run->lines = counts->lines - lines;
	run->bytes = counts->bytes - bytes;
	run->marked = counts->marked - marked;
	run->memory = proc_memory(tool->pid);
	return true;
}

static void note(struct row *row, const struct run *run, double alone_ns, double alone_cpu_ns)
{
	double operations = run->load.operations;

	samples_add(&row->slow, run->load.ns / alone_ns);
	samples_add(&row->slow_cpu, run->load.cpu_ns / alone_cpu_ns);
	samples_add(&row->added_ns, run->load.cpu_ns - alone_cpu_ns);
	samples_add(&row->cpu_operation_us, run->tool_ns / 1e3 / operations);
	samples_add(&row->peak_mb, run->memory.peak / 1e6);
	if (!row->peer->events || !run->lines)
		return;
	samples_add(&row->cpu_us, run->tool_ns / 1e3 / run->lines);
	samples_add(&row->seen, run->marked / operations / row->peer->events);
	samples_add(&row->line_bytes, (double)run->bytes / run->lines);
}

/* The tool's turn; `alone` is the run before it, and becomes the run after it. */
static void turn(const struct bench *bench, struct row *row, unsigned int processes,
		 struct load_result *alone)
{
	struct load_result after;
	struct drain_counts counts;
	struct running running;
	struct run run;
	bool done = false;

	if (*row->failure)
		return;
	if (!peer_start(bench, row->peer, &running, row->failure, sizeof(row->failure)))
		return;
	for (unsigned int i = 0; i < TRIES_MAX && !done; i++) {
		bench_quiet(bench);
		done = run_once(bench, row->peer, processes, &running.tool, &run);
	}
	peer_stop(&running, &counts);
	run_alone(bench, row->peer->load, processes, &after);
	if (done)
		note(row, &run, (alone->ns + after.ns) / 2, (alone->cpu_ns + after.cpu_ns) / 2);
	*alone = after;
}

/* ---- the table ---- */

static void print_row(const struct bench *bench, const struct row *row, const struct row *first,
		      unsigned int processes)
{
	const struct peer *peer = row->peer;
	double cpu = samples_median(&row->cpu_operation_us);
	double ours = samples_median(&first->cpu_operation_us);

	printf("%-8s%2u  %-27s", peer->load, processes, peer->name);
	if (*row->failure || !row->slow.count) {
		printf("does not run here: %s\n",
		       *row->failure ? row->failure : "the machine was never quiet");
		bench_json(bench, "peers",
			   "\"load\":\"%s\",\"processes\":%u,\"tool\":\"%s\",\"runs\":false",
			   peer->load, processes, peer->name);
		return;
	}
	printf("%6.2fx %6.2fx %8.2f", samples_median(&row->slow), samples_median(&row->slow_cpu),
	       samples_median(&row->added_ns) / 1e3);
	if (row->cpu_us.count)
		printf("%8.2f %8.2f %6.1fx %6.1f%% %7.0f", samples_median(&row->cpu_us), cpu,
		       ours ? cpu / ours : 0, 100 * samples_median(&row->seen),
		       samples_median(&row->line_bytes));
	else
		printf("%8s %8.2f %6.1fx %7s %7s", "-", cpu, ours ? cpu / ours : 0, "-", "-");
	printf("%8.1f\n", samples_median(&row->peak_mb));
	bench_json(bench, "peers",
		   "\"load\":\"%s\",\"processes\":%u,\"tool\":\"%s\",\"runs\":true,\"slow\":%.3f,"
		   "\"slow_cpu\":%.3f,\"added_us\":%.3f,\"cpu_us_per_line\":%.3f,"
		   "\"cpu_us_per_operation\":%.3f,\"seen\":%.4f,\"bytes_per_line\":%.0f,"
		   "\"peak_mb\":%.2f,\"samples\":%u",
		   peer->load, processes, peer->name, samples_median(&row->slow),
		   samples_median(&row->slow_cpu), samples_median(&row->added_ns) / 1e3,
		   samples_median(&row->cpu_us), cpu, samples_median(&row->seen),
		   samples_median(&row->line_bytes), samples_median(&row->peak_mb),
		   row->slow.count);
	fflush(stdout);
}

static void compare(const struct bench *bench, const char *kind, unsigned int processes)
{
	struct row rows[TOOLS_MAX];
	struct load_result alone;
	unsigned int count = 0;

	memset(rows, 0, sizeof(rows));
	for (const struct peer *peer = peers; peer->load; peer++)
		if (!strcmp(peer->load, kind))
			rows[count++].peer = peer;
	run_alone(bench, kind, processes, &alone);
	for (unsigned int round = 0; round < bench->rounds; round++)
		for (unsigned int i = 0; i < count; i++)
			turn(bench, &rows[i], processes, &alone);
	printf("%-8s%2u  %-27s%8.2f us an operation, %.2f of it CPU\n", kind, processes, "alone",
	       alone.ns / 1e3, alone.cpu_ns / 1e3);
	for (unsigned int i = 0; i < count; i++)
		print_row(bench, &rows[i], &rows[0], processes);
}

void section_peers(struct bench *bench)
{
	static const char *const kinds[] = { "create", "open", "exec", "connect" };
	const char *only = getenv("BENCH_LOAD");

	bench_section("each tool on each load, %u rounds of %u ms, medians", bench->rounds,
		      bench->ms);
	printf("slow-down: of the load, in wall time and in its own CPU time; added: us of its CPU "
	       "time\nCPU us: of the tool, for a line and for an operation; ratio: to the first "
	       "row; "
	       "seen: lines about the load\n");
	printf("%-8s%2s  %-27s%7s %7s %8s%8s %8s %7s %7s %7s%8s\n", "load", "n", "tool", "slow",
	       "of CPU", "added", "us/line", "us/op", "ratio", "seen", "B/line", "MB");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (only && *only && strcmp(only, kinds[i]))
			continue;
		for (unsigned int p = 1; p <= bench->cpus;
		     p = p < bench->cpus ? bench->cpus : p + 1)
			compare(bench, kinds[i], p);
	}
}
