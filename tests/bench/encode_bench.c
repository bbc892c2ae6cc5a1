// SPDX-License-Identifier: Apache-2.0
/*
 * What a line costs: encodes a fixed set of records of about 225 bytes again and
 * again, and prints nanoseconds per event and the bytes of a line. One CPU, no
 * output, no kernel.
 *
 *	encode_bench [SECONDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/types.h>
#include <pulsar/schema.h>

#include "encode.h"

#define RECORDS 64
#define ROUNDS	64 /* of all records, between two looks at the clock */

struct opened {
	struct pulsar_event event;
	struct pulsar_string filename;
	__u32 flags;
	__u32 uid;
};

struct sample {
	union {
		struct opened opened;
		char bytes[512];
	};
	size_t len;
};

static const struct pulsar_field schema[] = {
	{ .kind = PULSAR_KIND_SCHEMA, .name = "file-system-monitor", .event = 1, .value = 1 },
	{ .kind = PULSAR_KIND_EVENT,
	  .name = "FileOpened",
	  .event = 7,
	  .size = sizeof(struct opened) },
	{ .kind = PULSAR_KIND_STRING,
	  .name = "filename",
	  .event = 7,
	  .offset = offsetof(struct opened, filename),
	  .size = sizeof(struct pulsar_string),
	  .flags = PULSAR_FIELD_MAIN },
	{ .kind = PULSAR_KIND_FLAGS,
	  .name = "flags",
	  .event = 7,
	  .offset = offsetof(struct opened, flags),
	  .size = 4,
	  .group = 1 },
	{ .kind = PULSAR_KIND_UINT,
	  .name = "owner",
	  .event = 7,
	  .offset = offsetof(struct opened, uid),
	  .size = 4 },
	{ .kind = PULSAR_KIND_ENUMERATOR, .name = "O_RDONLY", .group = 1, .value = 0, .mask = 3 },
	{ .kind = PULSAR_KIND_ENUMERATOR, .name = "O_WRONLY", .group = 1, .value = 1, .mask = 3 },
	{ .kind = PULSAR_KIND_ENUMERATOR, .name = "O_RDWR", .group = 1, .value = 2, .mask = 3 },
	{ .kind = PULSAR_KIND_ENUMERATOR,
	  .name = "O_CREAT",
	  .group = 1,
	  .value = 0100,
	  .mask = 0100 },
	{ .kind = PULSAR_KIND_ENUMERATOR,
	  .name = "O_CLOEXEC",
	  .group = 1,
	  .value = 02000000,
	  .mask = 02000000 },
};

static struct pulsar_string append(struct sample *s, const char *text)
{
	struct pulsar_string span = { s->len, strlen(text), strlen(text) };

	memcpy(s->bytes + s->len, text, span.len);
	s->len += span.len;
	return span;
}

static void fill(struct sample *s, unsigned int i, uint64_t now_ns)
{
	static const char *const programs[] = { "/usr/bin/python3.11", "/usr/sbin/sshd",
						"/usr/lib/systemd/systemd-journald", "/bin/sh" };
	char path[128];

	snprintf(path, sizeof(path), "/var/lib/application/data/%u/partition-%04u/segment-%08x.log",
		 i % 7, i, i * 2654435761u);
	s->opened = (struct opened){
		.event = {
			.type = 7,
			.seq = 1234567 + i,
			.time_ns = now_ns + i * 1000003ull,
			.start_time_ns = now_ns / (i % 8 + 1),
			.cgroup_id = 4242,
			.generation = 1,
			.tgid = 10000 + 37 * i,
			.tid = 10000 + 37 * i,
			.ppid = 1,
			.uid = 1000,
			.gid = 1000,
			.comm = "python3.11",
		},
		.flags = i % 4 == 3 ? 02000000 : 02000101,
		.uid = 1000,
	};
	s->len = sizeof(s->opened);
	s->opened.filename = append(s, path);
	s->opened.event.image = append(s, programs[i % 4]);
	s->opened.event.size = s->len;
}

static uint64_t now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

struct bench {
	struct plan *plan;
	struct clock_map clock;
	struct out out;
	struct sample samples[RECORDS];
};

static void encode_json_one(struct bench *b, const struct sample *s)
{
	encode_json(b->plan, &b->clock, s->bytes, s->len, 1, &b->out);
}

static void encode_text_one(struct bench *b, const struct sample *s)
{
	encode_text(b->plan, &b->clock, s->bytes, s->len, 1, &b->out, false);
}

static void run(struct bench *b, const char *what, double seconds,
		void (*encode)(struct bench *, const struct sample *))
{
	uint64_t start = now(CLOCK_PROCESS_CPUTIME_ID), ns = 0;
	size_t events = 0, bytes = 0;

	while (ns < seconds * 1e9) {
		for (int round = 0; round < ROUNDS; round++) {
			for (int i = 0; i < RECORDS; i++)
				encode(b, &b->samples[i]);
			bytes += b->out.len;
			out_consume(&b->out, b->out.len);
		}
		events += ROUNDS * RECORDS;
		ns = now(CLOCK_PROCESS_CPUTIME_ID) - start;
	}
	printf("%s: %.1f ns per event, %.0f bytes a line\n", what, (double)ns / events,
	       (double)bytes / events);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 2;
	static struct bench b;
	char error[200];
	size_t bytes = 0;

	b.plan = plan_new(schema, sizeof(schema) / sizeof(schema[0]), error, sizeof(error));
	if (!b.plan || out_init(&b.out, OUT_CAPACITY)) {
		fprintf(stderr, "encode_bench: %s\n", b.plan ? "out of memory" : error);
		return 1;
	}
	clock_map_init(&b.clock);
	for (int i = 0; i < RECORDS; i++) {
		fill(&b.samples[i], i, now(CLOCK_BOOTTIME));
		bytes += b.samples[i].len;
	}
	printf("records of %zu bytes\n", bytes / RECORDS);
	run(&b, "json", seconds, encode_json_one);
	run(&b, "text", seconds, encode_text_one);
	out_release(&b.out);
	plan_free(b.plan);
	return 0;
}
