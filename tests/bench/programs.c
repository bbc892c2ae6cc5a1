// SPDX-License-Identifier: Apache-2.0
/*
 * Section programs: what a tool's programs cost in the kernel, as the kernel counts it. A run apart,
 * as the counting costs, too.
 */
#include <unistd.h>

#include "bpfstats.h"
#include "peers.h"

#define PROGRAMS_MAX 256

static void print_programs(const struct bench *bench, const struct peer *peer,
			   const struct bpfstats_program *programs, unsigned int count,
			   uint64_t operations)
{
	uint64_t ns = 0;

	for (unsigned int i = 0; i < count; i++)
		ns += programs[i].ns;
	printf("%-8s %-27s%8.0f ns in programs for an operation\n", peer->load, peer->name,
	       (double)ns / operations);
	bench_json(bench, "programs", "\"load\":\"%s\",\"tool\":\"%s\",\"ns_per_operation\":%.1f",
		   peer->load, peer->name, (double)ns / operations);
	for (unsigned int i = 0; i < count && peer->module; i++) {
		const struct bpfstats_program *p = &programs[i];

		if (p->runs < operations / 10)
			continue;
		printf("%38s%-16s%8.2f runs an operation, %6.0f ns a run\n", "", p->name,
		       (double)p->runs / operations, (double)p->ns / p->runs);
		bench_json(
			bench, "program",
			"\"load\":\"%s\",\"tool\":\"%s\",\"program\":\"%s\",\"runs_per_operation\":"
			"%.2f,\"ns_per_run\":%.1f",
			peer->load, peer->name, p->name, (double)p->runs / operations,
			(double)p->ns / p->runs);
	}
}

static void measure(const struct bench *bench, const struct peer *peer)
{
	static struct bpfstats_program programs[PROGRAMS_MAX];
	struct bpfstats_mark mark;
	struct drain_counts counts;
	struct load_result load;
	struct running running;
	unsigned int count;
	char failure[160];
	int counting;

	bpfstats_mark(&mark);
	if (!peer_start(bench, peer, &running, failure, sizeof(failure))) {
		printf("%-8s %-27sdoes not run here\n", peer->load, peer->name);
		return;
	}
	tool_settle(&running.tool);
	bench_quiet(bench);
	counting = bpfstats_count();
	load_run_for(bench, peer->load, 1, bench->ms, 0, &load);
	count = bpfstats_programs(&mark, programs, PROGRAMS_MAX);
	close(counting);
	peer_stop(&running, &counts);
	if (count)
		print_programs(bench, peer, programs, count, load.operations);
}

void section_programs(struct bench *bench)
{
	bench_section("time in the kernel's programs (kernel.bpf_stats_enabled), 1 process");
	for (const struct peer *peer = peers; peer->load; peer++)
		measure(bench, peer);
}
