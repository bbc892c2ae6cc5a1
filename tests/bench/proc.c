// SPDX-License-Identifier: Apache-2.0
/* Reads /proc and the CPU clocks of processes. */
#include "proc.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t proc_cpu_ns(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	/* Exact, where utime and stime in /proc/PID/stat are whole ticks. */
	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
		return 0;
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* The number behind `key` in a file of lines "key: number"; 0: not there. */
static uint64_t number_in(const char *path, const char *key)
{
	FILE *f = fopen(path, "re");
	uint64_t number = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			number = strtoull(line + strlen(key), NULL, 10);
	if (f)
		fclose(f);
	return number;
}

uint64_t proc_sleeps(pid_t pid)
{
	char path[300];
	struct dirent *thread;
	uint64_t sleeps = 0;
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = opendir(path);
	while (threads && (thread = readdir(threads))) {
		if (*thread->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/status", pid, thread->d_name);
		sleeps += number_in(path, "voluntary_ctxt_switches:");
	}
	if (threads)
		closedir(threads);
	return sleeps;
}

static bool is_ring(const char *mapping)
{
	return strstr(mapping, "anon_inode:[perf_event]") || strstr(mapping, "anon_inode:bpf") ||
	       strstr(mapping, "anon_inode:[bpf");
}

struct proc_memory proc_memory(pid_t pid)
{
	struct proc_memory memory = { 0 };
	uint64_t ring_resident = 0, kb;
	char path[64], line[512];
	bool ring = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (strchr(line, '-') && strchr(line, '-') < strchr(line, ' '))
			ring = is_ring(line);
		if (sscanf(line, "Size: %lu", &kb) == 1 && ring)
			memory.rings += kb * 1024;
		if (sscanf(line, "Rss: %lu", &kb) != 1)
			continue;
		if (ring)
			ring_resident += kb * 1024;
		else
			memory.resident += kb * 1024;
	}
	if (f)
		fclose(f);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	memory.peak = number_in(path, "VmHWM:") * 1024;
	if (memory.peak >= ring_resident)
		memory.peak -= ring_resident;
	return memory;
}
