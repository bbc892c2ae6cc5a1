// SPDX-License-Identifier: Apache-2.0
/* Walks the kernel's programs and maps by id. */
#include "bpfstats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bench.h"

void bpfstats_mark(struct bpfstats_mark *mark)
{
	__u32 id = 0;

	memset(mark, 0, sizeof(*mark));
	while (!bpf_prog_get_next_id(id, &id))
		mark->program = id;
	for (id = 0; !bpf_map_get_next_id(id, &id);)
		mark->map = id;
}

static int by_ns(const void *a, const void *b)
{
	const struct bpfstats_program *x = a, *y = b;

	return (x->ns < y->ns) - (x->ns > y->ns);
}

unsigned int bpfstats_programs(const struct bpfstats_mark *mark, struct bpfstats_program *programs,
			       unsigned int max)
{
	__u32 id = mark->program;
	unsigned int count = 0;

	while (count < max && !bpf_prog_get_next_id(id, &id)) {
		struct bpfstats_program *program = &programs[count];
		struct bpf_prog_info info = { 0 };
		__u32 len = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &len)) {
			memcpy(program->name, info.name, sizeof(program->name));
			program->runs = info.run_cnt;
			program->ns = info.run_time_ns;
			count++;
		}
		close(fd);
	}
	qsort(programs, count, sizeof(*programs), by_ns);
	return count;
}

/* What the kernel charges for it; only fdinfo tells. */
static uint64_t map_bytes(int fd)
{
	char path[64], line[128];
	uint64_t bytes = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "memlock: %lu", &bytes);
	if (f)
		fclose(f);
	return bytes;
}

static int by_bytes(const void *a, const void *b)
{
	const struct bpfstats_map *x = a, *y = b;

	return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

unsigned int bpfstats_maps(const struct bpfstats_mark *mark, struct bpfstats_map *maps,
			   unsigned int max)
{
	__u32 id = mark->map;
	unsigned int count = 0;

	while (count < max && !bpf_map_get_next_id(id, &id)) {
		struct bpf_map_info info = { 0 };
		__u32 len = sizeof(info);
		int fd = bpf_map_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &len)) {
			memcpy(maps[count].name, info.name, sizeof(maps[count].name));
			maps[count++].bytes = map_bytes(fd);
		}
		close(fd);
	}
	qsort(maps, count, sizeof(*maps), by_bytes);
	return count;
}

int bpfstats_count(void)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	if (fd < 0)
		bench_die("the kernel does not count runs of programs");
	return fd;
}
