// SPDX-License-Identifier: Apache-2.0
/*
 * Section lines: what the reader's own work costs, without a kernel: a field of each kind, and
 * the order of the rings of 1 to 64 CPUs. CPU time of one thread, the median of some runs.
 */
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <pulsar/schema.h>

#include "bench.h"
#include "encode.h"
#include "merge.h"
#include "record.h"

#define RUNS	   9
#define EVENTS	   50000 /* of a run */
#define RING_RUN   8	 /* records of a CPU one after the other, as a scheduler makes them */
#define RINGS_MOST 64

struct record {
	struct pulsar_event event;
	union {
		__u64 number;
		struct pulsar_string string;
		struct pulsar_strings strings;
		struct pulsar_bytes bytes;
		struct pulsar_address address;
	};
	char data[256];
};

static const char path[] = "/var/lib/application/data/partition-0042.log";
static const char words[] = "python3\0-m\0http.server\0--directory\0/srv/www\0008080";

static const struct {
	const char *name;
	enum pulsar_kind kind;
	__u32 size;
	__u64 number;
	const char *data;
	__u16 len;
} fields[] = {
	{ "none, the header alone", PULSAR_KIND_NONE, 0, 0, "", 0 },
	{ "integer", PULSAR_KIND_UINT, 4, 1234567, "", 0 },
	{ "hexadecimal", PULSAR_KIND_HEX, 8, 0xdeadbeef, "", 0 },
	{ "errno", PULSAR_KIND_ERRNO, 4, 2, "", 0 },
	{ "file mode", PULSAR_KIND_MODE, 4, 0100644, "", 0 },
	{ "signal", PULSAR_KIND_SIGNAL, 4, 9, "", 0 },
	{ "time", PULSAR_KIND_TIME, 8, 86400123456789, "", 0 },
	{ "system call", PULSAR_KIND_SYSCALL, 4, 257, "", 0 },
	{ "capabilities, three", PULSAR_KIND_CAPABILITIES, 8, 7, "", 0 },
	{ "string of 44", PULSAR_KIND_STRING, sizeof(struct pulsar_string), 0, path,
	  sizeof(path) - 1 },
	{ "six strings", PULSAR_KIND_STRINGS, sizeof(struct pulsar_strings), 0, words,
	  sizeof(words) },
	{ "44 bytes", PULSAR_KIND_BYTES, sizeof(struct pulsar_bytes), 0, path, sizeof(path) - 1 },
	{ "IPv4 address, port", PULSAR_KIND_ADDRESS, sizeof(struct pulsar_address), 0, "", 0 },
};

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void fill(struct record *record, size_t field)
{
	__u16 at, len = fields[field].len;

	memset(record, 0, sizeof(*record));
	record_begin(&record->event, 1, offsetof(struct record, data));
	record->number = fields[field].number;
	if (fields[field].kind == PULSAR_KIND_ADDRESS)
		record->address = record_address(5, 443);
	if (!len)
		return;
	at = record_append(&record->event, fields[field].data, len);
	record->string = (struct pulsar_string){ at, len, len };
}

static struct plan *plan_of(size_t field)
{
	const struct pulsar_field schema[] = {
		{ .kind = PULSAR_KIND_SCHEMA, .name = "lines", .event = PULSAR_ABI, .value = 1 },
		{ .kind = PULSAR_KIND_EVENT,
		  .name = "Event",
		  .event = 1,
		  .size = offsetof(struct record, data) },
		{ .kind = fields[field].kind,
		  .name = "field",
		  .event = 1,
		  .offset = offsetof(struct record, number),
		  .size = fields[field].size },
	};
	char error[200];
	struct plan *plan = plan_new(schema, fields[field].size ? 3 : 2, error, sizeof(error));

	if (!plan)
		bench_die("%s", error);
	return plan;
}

static double encode_run(const struct plan *plan, const struct record *record, struct out *out)
{
	struct clock_map clock = { .offset_ns = 1790000000000000000 };
	double begin = cpu_ns();

	for (int i = 0; i < EVENTS; i++) {
		out->len = 0;
		if (encode_json(plan, &clock, record, record->event.size, 1, out) != LINE_OK)
			bench_die("a record gives no line");
	}
	return (cpu_ns() - begin) / EVENTS;
}

/* What the field adds to the header, run by run, as the machine is not always equally fast. */
static double field_ns(size_t field, struct out *out)
{
	struct plan *plan = plan_of(field), *alone = plan_of(0);
	struct samples samples = { 0 };
	struct record record, header;

	fill(&record, field);
	fill(&header, 0);
	for (int run = 0; run < RUNS; run++) {
		double ns = encode_run(plan, &record, out);

		samples_add(&samples, field ? ns - encode_run(alone, &header, out) : ns);
	}
	plan_free(plan);
	plan_free(alone);
	return samples_median(&samples);
}

/* All rings have the same number of records, which lie in runs of RING_RUN by time. */
static void merge_all(struct merge *merge, unsigned int rings)
{
	unsigned int left[RINGS_MOST];
	__u64 time[RINGS_MOST];
	int top;

	merge_begin(merge, ~0ull);
	for (unsigned int r = 0; r < rings; r++) {
		left[r] = EVENTS / rings;
		time[r] = r * RING_RUN;
		merge_push(merge, r, time[r]);
	}
	while ((top = merge_top(merge, false)) >= 0) {
		time[top] += --left[top] % RING_RUN ? 1 : (rings - 1) * RING_RUN + 1;
		if (left[top]) {
			merge_next(merge, time[top]);
			continue;
		}
		merge_pop(merge);
		merge_exhausted(merge, top, true);
	}
}

static double merge_ns(unsigned int rings)
{
	struct samples samples = { 0 };
	struct merge merge;

	if (merge_init(&merge, rings, true, 100000000))
		bench_die("out of memory");
	for (int run = 0; run < RUNS; run++) {
		double begin = cpu_ns();

		merge_all(&merge, rings);
		samples_add(&samples, (cpu_ns() - begin) / (EVENTS / rings * rings));
	}
	merge_release(&merge);
	return samples_median(&samples);
}

void section_lines(struct bench *bench)
{
	struct out out;
	double ns;

	if (out_init(&out, OUT_CAPACITY))
		bench_die("out of memory");
	bench_section("making lines of records: one field more, by its kind");
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		ns = field_ns(i, &out);
		printf("%-24s %6.1f ns\n", fields[i].name, ns);
		bench_json(bench, "lines", "\"field\":\"%s\",\"ns\":%.1f", fields[i].name, ns);
	}
	out_release(&out);
	bench_section("bringing the rings of so many CPUs into order");
	for (unsigned int rings = 1; rings <= RINGS_MOST; rings *= 2) {
		ns = merge_ns(rings);
		printf("%2u CPUs  %6.1f ns for a record\n", rings, ns);
		bench_json(bench, "merge", "\"cpus\":%u,\"ns\":%.1f", rings, ns);
	}
}
