// SPDX-License-Identifier: Apache-2.0
/* Metrics as text and as JSON. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "samples.h"

static const struct samples_family events = { "pulsar_events_total", "counter", "Events." };
static const struct samples_family nothing = { "pulsar_nothing", "gauge", "Nothing." };

static void write_some(struct samples *samples)
{
	samples_begin(samples, &nothing);
	samples_begin(samples, &events);
	sample(samples, 9007199254740991.0, "module", "a", NULL);
	sample(samples, 0.25, "module", "b", "cause", "x\"\\\n\033", NULL);
	sample(samples, 1795507870.5, NULL);
}

Test(samples, text_is_what_prometheus_reads)
{
	struct samples samples = { 0 };
	char *text = NULL;
	size_t size;

	samples.text = open_memstream(&text, &size);
	write_some(&samples);
	fclose(samples.text);
	cr_expect_str_eq(text, "# HELP pulsar_events_total Events.\n"
			       "# TYPE pulsar_events_total counter\n"
			       "pulsar_events_total{module=\"a\"} 9007199254740991\n"
			       "pulsar_events_total{module=\"b\",cause=\"x\\\"\\\\??\"} 0.25\n"
			       "pulsar_events_total 1795507870.5\n");
	free(text);
}

Test(samples, json_has_the_same)
{
	struct samples samples = { .json = json_array() };
	char *text;

	write_some(&samples);
	text = json_dumps(samples.json, JSON_COMPACT);
	cr_expect_str_eq(
		text,
		"[{\"name\":\"pulsar_events_total\",\"type\":\"counter\",\"help\":\"Events.\","
		"\"samples\":[{\"labels\":{\"module\":\"a\"},\"value\":9007199254740991.0},"
		"{\"labels\":{\"module\":\"b\",\"cause\":\"x\\\"\\\\\\n\\u001B\"},\"value\":0.25},"
		"{\"labels\":{},\"value\":1795507870.5}]}]");
	free(text);
	json_decref(samples.json);
}
