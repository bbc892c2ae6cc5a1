// SPDX-License-Identifier: Apache-2.0
/* Sections subscriptions and filters: what each adds to an event, in the kernel and in readers. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfstats.h"
#include "pulsar.h"

#define RATE	     50000.
#define PROGRAMS_MAX 64

/* Nanoseconds that module flood's program needs for one event. */
static double program_ns(const struct bench *bench, const struct pulsar *pulsar,
			 const struct bpfstats_mark *mark, struct pulsar_counters *delta)
{
	static struct bpfstats_program programs[PROGRAMS_MAX];
	struct pulsar_counters before;
	struct load_result load;
	unsigned int count;
	double ns = 0;
	int counting;

	bench_quiet(bench);
	pulsar_counters(pulsar, "flood", &before);
	counting = bpfstats_count();
	load_run_for(bench, "flood", 1, bench->ms, RATE, &load);
	count = bpfstats_programs(mark, programs, PROGRAMS_MAX);
	close(counting);
	pulsar_counters(pulsar, "flood", delta);
	delta->produced -= before.produced;
	delta->filtered -= before.filtered;
	for (unsigned int i = 0; i < count; i++)
		if (!strncmp(programs[i].name, "flooded", 7))
			ns += programs[i].ns;
	return ns / load.operations;
}

static void measure_subscriptions(const struct bench *bench, unsigned int count)
{
	struct samples ns = { 0 }, reader_us = { 0 };
	struct tool tools[PULSAR_SUBSCRIPTIONS_MAX];
	struct pulsar_counters delta;
	struct drain_counts counts;
	struct bpfstats_mark mark;
	struct pulsar pulsar;
	char name[16];

	bpfstats_mark(&mark);
	if (!pulsar_start(bench, &pulsar, "flood", "[loaderd]\nsubscriptions_max = 8\n"))
		bench_die("%s", pulsar.failure);
	for (unsigned int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "number-%u", i);
		pulsar_read(bench, &pulsar, &tools[i], "flood", i ? name : NULL, false);
	}
	bench_sleep_ms(300);
	for (unsigned int round = 0; round < bench->rounds; round++) {
		uint64_t cpu = 0;

		for (unsigned int i = 0; i < count; i++)
			cpu -= tool_cpu_ns(&tools[i]);
		samples_add(&ns, program_ns(bench, &pulsar, &mark, &delta));
		tool_settle(&tools[0]);
		for (unsigned int i = 0; i < count; i++)
			cpu += tool_cpu_ns(&tools[i]);
		samples_add(&reader_us, cpu / 1e3 / count / delta.produced);
	}
	for (unsigned int i = 0; i < count; i++)
		tool_stop(&tools[i], &counts);
	pulsar_stop(&pulsar);
	printf("%u: %6.0f ns in the program, %.2f us in each reader\n", count, samples_median(&ns),
	       samples_median(&reader_us));
	bench_json(bench, "subscriptions", "\"count\":%u,\"program_ns\":%.1f,\"reader_us\":%.3f",
		   count, samples_median(&ns), samples_median(&reader_us));
	fflush(stdout);
}

void section_subscriptions(struct bench *bench)
{
	bench_section("cost of an event by number of subscriptions, at %.0f events/s", RATE);
	for (unsigned int count = 1; count <= PULSAR_SUBSCRIPTIONS_MAX; count *= 2)
		measure_subscriptions(bench, count);
}

/* ---- filters ---- */

static void measure_filter(const struct bench *bench, const char *what, const char *rule)
{
	struct pulsar_counters delta = { 0 };
	struct samples ns = { 0 };
	struct bpfstats_mark mark;
	struct pulsar pulsar;
	char config[512];

	bpfstats_mark(&mark);
	snprintf(config, sizeof(config), "[flood]\n%s\n", rule);
	if (!pulsar_start(bench, &pulsar, "flood", config)) {
		printf("%-34s%s\n", what, pulsar.failure);
		return;
	}
	for (unsigned int round = 0; round < bench->rounds; round++)
		samples_add(&ns, program_ns(bench, &pulsar, &mark, &delta));
	pulsar_stop(&pulsar);
	printf("%-34s%6.0f ns, of %llu events %llu dropped\n", what, samples_median(&ns),
	       (unsigned long long)(delta.produced + delta.filtered),
	       (unsigned long long)delta.filtered);
	bench_json(bench, "filters", "\"rule\":\"%s\",\"program_ns\":%.1f,\"dropped\":%s", what,
		   samples_median(&ns), delta.filtered ? "true" : "false");
	fflush(stdout);
}

void section_filters(struct bench *bench)
{
	char rule[512], image[300];

	snprintf(image, sizeof(image), "%s/bench/bench-load", bench->build);
	bench_section("cost of an event by filter, in the program");
	measure_filter(bench, "no filter", "");
	snprintf(rule, sizeof(rule), "targets_children = %s", image);
	measure_filter(bench, "targets_children, passes", rule);
	measure_filter(bench, "targets, dropped", "targets = /no/such/program");
	snprintf(rule, sizeof(rule), "whitelist_children = %s", image);
	measure_filter(bench, "whitelist_children, dropped", rule);
	measure_filter(bench, "whitelist, passes", "whitelist = /no/such/program");
	measure_filter(bench, "pid_targets, dropped", "pid_targets = 1");
	measure_filter(bench, "uid_targets, passes", "uid_targets = 0");
	measure_filter(bench, "uid_targets, dropped", "uid_targets = 12345");
	measure_filter(bench, "cgroup_targets, passes", "cgroup_targets = /");
	measure_filter(bench, "targets and uid_targets, passes",
		       "targets = /no/such/program\nuid_targets = 0");
}
