// SPDX-License-Identifier: Apache-2.0
/* Sections latency, idle and start: when a line is there, and what waiting for one costs. */
#include <dirent.h>
#include <string.h>

#include "proc.h"
#include "pulsar.h"

/* ---- from the event to the line ---- */

static void measure_latency(const struct bench *bench, const struct pulsar *pulsar, double rate,
			    unsigned int ms)
{
	struct drain_counts counts;
	struct load_result load;
	struct tool tool;

	pulsar_read(bench, pulsar, &tool, "flood", NULL, true);
	bench_sleep_ms(300);
	bench_quiet(bench);
	load_run_for(bench, "flood", 1, ms, rate, &load);
	tool_settle(&tool);
	tool_stop(&tool, &counts);
	printf("%8.0f events/s: p50 %7.3f ms, p99 %7.3f ms, max %7.3f ms, of %llu lines\n", rate,
	       drain_late(&counts, 0.5) / 1e6, drain_late(&counts, 0.99) / 1e6,
	       counts.late_max_ns / 1e6, (unsigned long long)counts.lines);
	bench_json(bench, "latency",
		   "\"rate\":%.0f,\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"max_ms\":%.4f,\"lost\":%llu",
		   rate, drain_late(&counts, 0.5) / 1e6, drain_late(&counts, 0.99) / 1e6,
		   counts.late_max_ns / 1e6, (unsigned long long)counts.lost);
	fflush(stdout);
}

void section_latency(struct bench *bench)
{
	struct pulsar pulsar;

	bench_section("from the event to its line in the pipe");
	if (!pulsar_start(bench, &pulsar, "flood", NULL))
		bench_die("%s", pulsar.failure);
	measure_latency(bench, &pulsar, 40, bench->full ? 20000 : 4000);
	measure_latency(bench, &pulsar, 1000, 2000);
	measure_latency(bench, &pulsar, 10000, 2000);
	measure_latency(bench, &pulsar, 100000, 2000);
	measure_latency(bench, &pulsar, 500000, 2000);
	pulsar_stop(&pulsar);
}

/* ---- doing nothing ---- */

static void print_idle(const struct bench *bench, const char *who, uint64_t sleeps, uint64_t cpu_ns,
		       double seconds)
{
	printf("%-16s%6.2f wake-ups a second, %6.4f %% of a CPU\n", who, sleeps / seconds,
	       cpu_ns / seconds / 1e7);
	bench_json(bench, "idle", "\"who\":\"%s\",\"wakeups\":%.2f,\"cpu_percent\":%.4f", who,
		   sleeps / seconds, cpu_ns / seconds / 1e7);
}

void section_idle(struct bench *bench)
{
	double seconds = bench->full ? 30 : 10;
	uint64_t sleeps[2], cpu[2];
	struct drain_counts counts;
	struct pulsar pulsar;
	struct tool tool;

	bench_section("doing nothing, %.0f s", seconds);
	if (!pulsar_start(bench, &pulsar, "flood", NULL))
		bench_die("%s", pulsar.failure);
	pulsar_read(bench, &pulsar, &tool, "flood", NULL, false);
	bench_sleep_ms(1000);
	sleeps[0] = proc_sleeps(tool.pid);
	sleeps[1] = proc_sleeps(pulsar.pid);
	cpu[0] = proc_cpu_ns(tool.pid);
	cpu[1] = proc_cpu_ns(pulsar.pid);
	bench_sleep_ms(seconds * 1000);
	print_idle(bench, "pulsar-reader", proc_sleeps(tool.pid) - sleeps[0],
		   proc_cpu_ns(tool.pid) - cpu[0], seconds);
	print_idle(bench, "pulsar-loaderd", proc_sleeps(pulsar.pid) - sleeps[1],
		   proc_cpu_ns(pulsar.pid) - cpu[1], seconds);
	tool_stop(&tool, &counts);
	pulsar_stop(&pulsar);
}

/* ---- the start ---- */

void bench_modules(const struct bench *bench, char *names, size_t size)
{
	struct dirent *entry;
	char path[256];
	DIR *dir;

	snprintf(path, sizeof(path), "%s/modules", bench->build);
	dir = opendir(path);
	*names = '\0';
	while (dir && (entry = readdir(dir))) {
		char *end = strstr(entry->d_name, ".bpf.o");
		size_t used = strlen(names);

		if (!end || end[6] || !strcmp(entry->d_name, "core.bpf.o"))
			continue;
		snprintf(names + used, size - used, "%s%.*s", used ? ", " : "",
			 (int)(end - entry->d_name), entry->d_name);
	}
	if (dir)
		closedir(dir);
	if (!*names)
		bench_die("%s: no modules", path);
}

static void start_once(const struct bench *bench, const char *modules, struct samples *ready,
		       struct samples *line)
{
	struct drain_counts counts;
	struct load_result load;
	struct pulsar pulsar;
	struct tool tool;

	bench_quiet(bench);
	if (!pulsar_start(bench, &pulsar, modules, NULL))
		bench_die("%s", pulsar.failure);
	pulsar_read(bench, &pulsar, &tool, "process-monitor", NULL, false);
	while (!tool.drain.counts->first_ns && tool_runs(&tool))
		load_run_for(bench, "exec", 1, 1, 0, &load);
	tool_stop(&tool, &counts);
	pulsar_stop(&pulsar);
	samples_add(ready, (pulsar.ready_ns - pulsar.started_ns) / 1e9);
	samples_add(line, (counts.first_ns - pulsar.started_ns) / 1e9);
}

void section_start(struct bench *bench)
{
	struct samples ready = { 0 }, line = { 0 };
	char modules[512];

	bench_modules(bench, modules, sizeof(modules));
	bench_section("the start of loaderd with %s", modules);
	for (unsigned int i = 0; i < bench->rounds; i++)
		start_once(bench, modules, &ready, &line);
	printf("ready after %.2f s, first line of a reader after %.2f s (medians of %u)\n",
	       samples_median(&ready), samples_median(&line), bench->rounds);
	bench_json(bench, "start", "\"ready_s\":%.3f,\"line_s\":%.3f", samples_median(&ready),
		   samples_median(&line));
}
