/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of streams and of faults share. */
#include "exact.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void exact_storm(struct storm *storm)
{
	storm_start(storm);
	storm_wait(storm);
}

static json_int_t header_integer(json_t *event, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(event, "header"), name));
}

/* Where the last module to have been loaded begins on this CPU: its numbers do so at 1, if it has any. */
static size_t begin_of(json_t *events, unsigned int cpu, const struct kit_account *last)
{
	json_t *event;
	size_t i, begin = 0;

	if (last->accounted == last->base)
		return json_array_size(events);
	json_array_foreach(events, i, event)
		if (header_integer(event, "cpu") == cpu && header_integer(event, "seq") == 1)
			begin = i;
	return begin;
}

void exact_collect(struct tally *tally, struct kit_reader *reader)
{
	json_t *events = kit_reader_events(reader);

	tally_add(tally, events);
	json_decref(events);
	kit_reader_free(reader);
}

void exact_collect_last(struct tally *tally, struct kit_reader *reader, struct kit *kit,
			const char *module)
{
	json_t *events = kit_reader_events(reader), *later = json_array(), *event;
	size_t i, begin[tally->cpus];

	for (unsigned int cpu = 0; cpu < tally->cpus; cpu++) {
		struct kit_account last = kit_account(kit, module, "default", (int)cpu);

		begin[cpu] = begin_of(events, cpu, &last);
	}
	json_array_foreach(events, i, event)
		if (i >= begin[header_integer(event, "cpu")])
			json_array_append(later, event);
	tally_add(tally, later);
	json_decref(later);
	json_decref(events);
	kit_reader_free(reader);
}

/* Up to the last event that was accounted for: the machine goes on, and what it does meanwhile lies in the rings. */
static struct kit_account expect_settled(struct kit *kit, const char *module,
					 const char *subscription, unsigned int cpu,
					 const struct tally *tally)
{
	struct kit_account a = kit_account(kit, module, subscription, cpu);

	printf("  %s, CPU %u: produced %llu = delivered %llu + lost %llu; lines: %llu + %llu\n",
	       subscription, cpu, a.accounted - a.base, a.delivered, a.lost, tally->delivered[cpu],
	       tally->lost[cpu]);
	cr_expect_eq(a.unsettled, 0);
	cr_expect_eq(a.accounted - a.base, a.delivered + a.lost);
	cr_expect_eq(a.lost, tally->lost[cpu]);
	return a;
}

unsigned long long exact_expect(struct kit *kit, const char *module, const char *subscription,
				const struct tally *tally)
{
	unsigned long long lost = 0;

	for (unsigned int cpu = 0; cpu < tally->cpus; cpu++) {
		struct kit_account a = expect_settled(kit, module, subscription, cpu, tally);

		cr_expect_eq(a.delivered, tally->delivered[cpu]);
		lost += a.lost;
	}
	return lost;
}

void exact_expect_unnoted(struct kit *kit, const char *module, const char *subscription,
			  const struct tally *tally)
{
	for (unsigned int cpu = 0; cpu < tally->cpus; cpu++) {
		struct kit_account a = expect_settled(kit, module, subscription, cpu, tally);

		printf("  %llu lines written, not noted by a killed reader, and reported "
		       "discarded\n",
		       tally->delivered[cpu] - a.delivered);
		cr_expect_geq(tally->delivered[cpu], a.delivered);
		cr_expect_leq(tally->delivered[cpu] - a.delivered, tally->discarded[cpu]);
	}
}

struct said {
	const struct kit_reader *reader; /* NULL: loaderd */
	const struct kit *kit;
	const char *what;
};

static bool has_said(void *arg)
{
	struct said *want = arg;
	char *log = want->reader ? kit_reader_log(want->reader) : kit_log(want->kit);
	bool said = strstr(log, want->what);

	free(log);
	return said;
}

void exact_said(const struct kit_reader *reader, const char *what)
{
	wait_until(has_said, &(struct said){ .reader = reader, .what = what }, what);
}

void exact_logged(const struct kit *kit, const char *what)
{
	wait_until(has_said, &(struct said){ .kit = kit, .what = what }, what);
}

unsigned int exact_count(const char *text, const char *what)
{
	unsigned int count = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		count++;
	return count;
}

void exact_now(char text[EXACT_TIME])
{
	struct timespec now;
	struct tm tm;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	len = strftime(text, EXACT_TIME, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + len, EXACT_TIME - len, ".%09ldZ", now.tv_nsec);
}
