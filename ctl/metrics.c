// SPDX-License-Identifier: Apache-2.0
/* pulsarctl metrics: collecting, and the command. */
#include "metrics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer.h"
#include "output.h"

static bool run_time_counted(void)
{
	FILE *file = fopen("/proc/sys/kernel/bpf_stats_enabled", "re");
	int on = 0;

	if (!file)
		return false;
	if (fscanf(file, "%d", &on) != 1)
		on = 0;
	fclose(file);
	return on;
}

/* VmRSS of /proc/PID/status, proc(5). */
static __u64 process_memory(unsigned long long pid)
{
	unsigned long long kib = 0;
	char path[48], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%llu/status", pid);
	file = pid ? fopen(path, "re") : NULL;
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "VmRSS: %llu kB", &kib) == 1)
			break;
	fclose(file);
	return kib * 1024;
}

static double clock_seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int collect_objects(struct metrics *metrics)
{
	const struct facts *facts = &metrics->facts;
	struct pin_root *root;
	int err = 0;

	root = pin_root_open(facts->pin_root, PIN_READ, 0, 0, NULL, NULL);
	if (!root)
		return 0;
	metrics->objects = calloc(facts->count + 1, sizeof(*metrics->objects));
	if (!metrics->objects)
		err = -ENOMEM;
	for (size_t i = 0; i < facts->count && !err; i++)
		err = objects_read(&metrics->objects[i], root, facts->modules[i].name);
	pin_root_free(root);
	return err;
}

int metrics_collect(struct metrics *metrics, const struct ctl *ctl)
{
	int err;

	*metrics = (struct metrics){ 0 };
	err = facts_gather(&metrics->facts, ctl, NULL);
	if (err)
		return err;
	metrics->run_time_counted = run_time_counted();
	metrics->loaderd_memory = process_memory(answer_number(metrics->facts.loaderd, "pid"));
	metrics->boot_time = clock_seconds(CLOCK_REALTIME) - clock_seconds(CLOCK_BOOTTIME);
	err = collect_objects(metrics);
	if (err)
		ctl_fail("%s", strerror(-err));
	return err;
}

void metrics_release(struct metrics *metrics)
{
	for (size_t i = 0; metrics->objects && i < metrics->facts.count; i++)
		objects_release(&metrics->objects[i]);
	free(metrics->objects);
	facts_release(&metrics->facts);
}

char *metrics_text(const struct ctl *ctl, size_t *size)
{
	struct samples samples = { 0 };
	struct metrics metrics;
	char *text = NULL;

	if (metrics_collect(&metrics, ctl))
		goto out;
	samples.text = open_memstream(&text, size);
	if (!samples.text) {
		ctl_fail("%m");
		goto out;
	}
	metrics_write(&metrics, &samples);
	if (fclose(samples.text)) {
		ctl_fail("%m");
		free(text);
		text = NULL;
	}
out:
	metrics_release(&metrics);
	return text;
}

static int metrics_print(const struct ctl *ctl)
{
	struct samples samples = { .text = ctl->json ? NULL : stdout };
	struct metrics metrics;
	int status = CTL_FAILED;

	if (metrics_collect(&metrics, ctl))
		goto out;
	facts_note_absent(&metrics.facts);
	if (ctl->json)
		samples.json = json_array();
	metrics_write(&metrics, &samples);
	status = ctl->json ? output_json(json_pack("{s:o}", "families", samples.json)) : CTL_OK;
	if (facts_blind(&metrics.facts))
		status = CTL_FAILED;
out:
	metrics_release(&metrics);
	return status;
}

int metrics_command(const struct ctl *ctl, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (!ctl->listen)
		return metrics_print(ctl);
	if (ctl->json)
		return ctl_usage("--json and --listen do not go together");
	return metrics_serve(ctl, ctl->listen);
}
