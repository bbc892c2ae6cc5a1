// SPDX-License-Identifier: Apache-2.0
/* A drain, and what the test says that the programs did. */
#include "stream_rig.h"

#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <pulsar/schema.h>

static struct plan *rig_plan(__u32 generation)
{
	const struct pulsar_field fields[] = {
		{ .kind = PULSAR_KIND_SCHEMA,
		  .name = "rig",
		  .event = PULSAR_ABI,
		  .value = generation },
		{ .kind = PULSAR_KIND_EVENT,
		  .name = "Plain",
		  .event = 1,
		  .size = sizeof(struct pulsar_event) },
		{ .kind = PULSAR_KIND_EVENT,
		  .name = "Other",
		  .event = 2,
		  .size = sizeof(struct pulsar_event) },
	};
	char error[256];
	struct plan *plan =
		plan_new(fields, sizeof(fields) / sizeof(*fields), error, sizeof(error));

	cr_assert(plan, "%s", error);
	return plan;
}

static void rig_means(struct rig *rig, __u64 window_ns)
{
	rig->drain = (struct drain){
		.lane = rig->lane,
		.cpus = RIG_CPUS,
		.slot = RIG_SLOT,
		.merge = &rig->merge,
		.counters = &rig->counters,
		.generations = &rig->generations,
		.lines = &rig->lines,
		.sink = &rig->sink,
		.left = ~0ull,
		.most = ~0u,
	};
	cr_assert_eq(merge_init(&rig->merge, RIG_CPUS, true, window_ns), 0);
	rig->generations = (struct generations){
		.pin_root = "/nonexistent", .module = "rig", .plan = { rig_plan(1) }, .count = 1
	};
	cr_assert_eq(lines_init(&rig->lines, false, false), 0);
	rig->out = memfd_create("lines", MFD_CLOEXEC);
	cr_assert_geq(rig->out, 0);
	sink_init(&rig->sink, rig->out);
}

static void rig_lanes(struct rig *rig)
{
	for (unsigned int cpu = 0; cpu < RIG_CPUS; cpu++)
		cr_assert(lane_init(&rig->lane[cpu], cpu, &rig->position[cpu]));
}

void rig_init(struct rig *rig, __u64 window_ns)
{
	int fd;

	if (geteuid())
		cr_skip_test("needs root: makes a BPF map");
	memset(rig, 0, sizeof(*rig));
	cr_redirect_stderr();
	fd = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "counters", sizeof(__u32),
			    sizeof(struct pulsar_counters), 1, NULL);
	cr_assert_geq(fd, 0);
	cr_assert_gt(cpus_possible(), 0);
	cr_assert_eq(counters_init(&rig->counters, fd, (unsigned int)cpus_possible()), 0);
	if (rig->counters.cpus < RIG_CPUS)
		cr_skip_test("needs two CPUs");
	rig->kernel = calloc(rig->counters.cpus, sizeof(*rig->kernel));
	cr_assert(rig->kernel);
	rig_means(rig, window_ns);
	for (unsigned int cpu = 0; cpu < RIG_CPUS; cpu++)
		rig->position[cpu].copy[0].next_seq = 1;
	rig_lanes(rig);
	for (unsigned int cpu = 0; cpu < RIG_CPUS; cpu++)
		rig_ring(rig, cpu, 0);
}

/* The rings stay mapped by loaderd: freeing the reader's must not unmap them. */
static void rig_unmap(struct ring *ring)
{
	struct ring *next;

	for (; ring; ring = next) {
		next = ring->next;
		free(ring);
	}
}

void rig_release(struct rig *rig)
{
	for (unsigned int cpu = 0; cpu < RIG_CPUS; cpu++) {
		rig_unmap(rig->lane[cpu].ring);
		for (unsigned int i = 0; i < rig->rings[cpu]; i++)
			fake_ring_release(&rig->fake[cpu][i]);
	}
	rig_unmap(rig->drain.retired);
	merge_release(&rig->merge);
	generations_release(&rig->generations);
	lines_release(&rig->lines);
	counters_release(&rig->counters);
	free(rig->kernel);
	close(rig->out);
}

static void rig_map(struct rig *rig, unsigned int cpu)
{
	unsigned int i = rig->rings[cpu] - 1;
	struct ring *ring = malloc(sizeof(*ring));

	cr_assert(ring);
	ring_init(ring, rig->fake[cpu][i].control, rig->fake[cpu][i].size);
	ring->ring_id = 100 * (cpu + 1) + i;
	ring->settled_seq = rig->settled_seq[cpu];
	lane_add(&rig->lane[cpu], ring);
}

void rig_ring(struct rig *rig, unsigned int cpu, __u64 settled_seq)
{
	cr_assert_lt(rig->rings[cpu], RIG_RINGS);
	fake_ring_init(&rig->fake[cpu][rig->rings[cpu]++], 4);
	rig->settled_seq[cpu] = settled_seq;
	rig_map(rig, cpu);
}

void rig_reader_killed(struct rig *rig)
{
	rig->lines.out.len = 0;
	for (unsigned int cpu = 0; cpu < RIG_CPUS; cpu++)
		rig_unmap(rig->lane[cpu].ring);
	rig_lanes(rig);
	for (unsigned int cpu = 0; cpu < RIG_CPUS; cpu++)
		rig_map(rig, cpu);
}

static struct fake_ring *rig_fake(struct rig *rig, unsigned int cpu)
{
	return &rig->fake[cpu][rig->rings[cpu] - 1];
}

__u64 rig_claim(struct rig *rig, unsigned int cpu)
{
	return ++rig->kernel[cpu].produced;
}

void rig_arrive(struct rig *rig, unsigned int cpu, __u64 seq, __u64 time_ns)
{
	cr_assert(fake_ring_event(rig_fake(rig, cpu), seq, time_ns, 0));
}

__u64 rig_event(struct rig *rig, unsigned int cpu, __u64 time_ns)
{
	__u64 seq = rig_claim(rig, cpu);

	rig_arrive(rig, cpu, seq, time_ns);
	return seq;
}

void rig_lose(struct rig *rig, unsigned int cpu, unsigned int count)
{
	rig->kernel[cpu].produced += count;
	rig->kernel[cpu].lost[RIG_SLOT].ring_full += count;
}

int rig_round(struct rig *rig, bool flush)
{
	__u32 zero = 0;

	cr_assert_eq(bpf_map_update_elem(rig->counters.fd, &zero, rig->kernel, 0), 0);
	return drain_round(&rig->drain, flush);
}

static void rig_line(json_t *line, char *text, size_t size)
{
	const char *event, *cause;
	json_int_t cpu, seq, count;

	if (!json_unpack(line, "{s:{s:s, s:I, s:I}}", "header", "event", &event, "cpu", &cpu, "seq",
			 &seq)) {
		snprintf(text, size, "%lld:%lld ", cpu, seq);
		return;
	}
	cr_assert_eq(json_unpack(line, "{s:{s:I, s:I, s:s}}", "payload", "cpu", &cpu, "count",
				 &count, "cause", &cause),
		     0);
	snprintf(text, size, "%lld:lost %lld %s ", cpu, count, cause);
}

const char *rig_lines(struct rig *rig)
{
	static char text[65536];
	off_t size = lseek(rig->out, 0, SEEK_END);
	char *bytes = calloc(1, (size_t)size + 1), *end;
	size_t len = 0;

	cr_assert(bytes && pread(rig->out, bytes, (size_t)size, 0) == size);
	text[0] = '\0';
	for (char *at = bytes; (end = strchr(at, '\n')); at = end + 1) {
		json_t *line = json_loadb(at, (size_t)(end - at), 0, NULL);

		cr_assert(line);
		rig_line(line, text + len, sizeof(text) - len);
		len += strlen(text + len);
		json_decref(line);
	}
	if (len)
		text[len - 1] = '\0';
	free(bytes);
	cr_assert(!ftruncate(rig->out, 0) && !lseek(rig->out, 0, SEEK_SET));
	return text;
}

const struct pulsar_progress *rig_progress(const struct rig *rig, unsigned int cpu)
{
	const struct pulsar_position *position = &rig->position[cpu];

	return &position->copy[position->current & 1];
}

void rig_expect_settled(const struct rig *rig)
{
	for (unsigned int cpu = 0; cpu < RIG_CPUS; cpu++) {
		const struct pulsar_progress *p = rig_progress(rig, cpu);
		__u64 lost = 0;

		for (int cause = 0; cause < PULSAR_LOST_CAUSES; cause++)
			lost += p->lost[cause];
		cr_expect_eq(p->unsettled, 0, "CPU %u: unsettled %lld", cpu, p->unsettled);
		cr_expect_eq(p->delivered + lost, rig->kernel[cpu].produced,
			     "CPU %u: delivered %llu + lost %llu of %llu", cpu, p->delivered, lost,
			     rig->kernel[cpu].produced);
	}
}
