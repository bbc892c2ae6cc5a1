/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions on events: how many satisfy, and a report that names the field when none does. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pulsar-test.h"

#define REPORT_EVENTS 3 /* as many of the best matching ones */

struct condition str(const char *name, const char *value)
{
	return (struct condition){ .kind = CONDITION_STRING, .name = name, .string = value };
}

struct condition num(const char *name, long long value)
{
	return (struct condition){ .kind = CONDITION_INTEGER, .name = name, .integer = value };
}

struct condition boolean(const char *name, bool value)
{
	return (struct condition){ .kind = CONDITION_BOOL, .name = name, .integer = value };
}

struct condition null(const char *name)
{
	return (struct condition){ .kind = CONDITION_NULL, .name = name };
}

struct condition json(const char *name, const char *text)
{
	return (struct condition){ .kind = CONDITION_JSON, .name = name, .string = text };
}

static struct condition on_header(struct condition c)
{
	c.header = true;
	return c;
}

struct condition header_str(const char *name, const char *value)
{
	return on_header(str(name, value));
}

struct condition header_num(const char *name, long long value)
{
	return on_header(num(name, value));
}

struct condition from_pid(pid_t pid)
{
	return on_header(
		(struct condition){ .kind = CONDITION_PID, .name = "pid", .integer = pid });
}

struct condition from_self(void)
{
	return from_pid(getpid());
}

struct condition in_time(void)
{
	return on_header((struct condition){ .kind = CONDITION_WINDOW, .name = "time" });
}

/* The value at a path like "source.port"; a number between dots indexes an array. */
static json_t *value_at(json_t *in, const char *path)
{
	char name[64];

	while (in && *path) {
		size_t len = strcspn(path, ".");

		if (len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		in = json_is_array(in) ? json_array_get(in, strtoul(name, NULL, 10))
				       : json_object_get(in, name);
		path += len + (path[len] == '.');
	}
	return in;
}

long long event_time_ns(const char *text)
{
	struct tm tm = { 0 };
	long ns = 0;
	int end = 0;

	if (!text ||
	    sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%9ldZ%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ns, &end) != 7 ||
	    text[end])
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return timegm(&tm) * 1000000000ll + ns;
}

static json_t *expected_value(const struct condition *c)
{
	switch (c->kind) {
	case CONDITION_STRING:
		return json_string(c->string);
	case CONDITION_INTEGER:
	case CONDITION_PID:
		return json_integer(c->integer);
	case CONDITION_BOOL:
		return json_boolean(c->integer);
	case CONDITION_NULL:
		return json_null();
	case CONDITION_JSON:
		return json_loads(c->string, JSON_DECODE_ANY, NULL);
	default:
		return NULL;
	}
}

static json_t *found_value(json_t *event, const struct condition *c)
{
	return value_at(json_object_get(event, c->header ? "header" : "payload"), c->name);
}

static bool satisfied(json_t *event, const struct condition *c, long long begin_ns,
		      long long end_ns)
{
	json_t *found = found_value(event, c), *expected;
	bool equal;

	if (c->kind == CONDITION_WINDOW) {
		long long t = event_time_ns(json_string_value(found));

		return t >= begin_ns && t <= end_ns;
	}
	expected = expected_value(c);
	equal = found && expected && json_equal(found, expected);
	json_decref(expected);
	return equal;
}

static const char *event_name(json_t *event)
{
	const char *name = json_string_value(value_at(event, "header.event"));

	return name ? name : "";
}

static void report_condition(FILE *out, json_t *event, const struct condition *c)
{
	char *found = json_dumps(found_value(event, c), JSON_ENCODE_ANY);
	json_t *value = expected_value(c);
	char *expected = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

	fprintf(out, "    %s.%s: expected %s, found %s\n", c->header ? "header" : "payload",
		c->name, expected ? expected : "a time within the trigger",
		found ? found : "no such field");
	free(expected);
	free(found);
	json_decref(value);
}

static int score(json_t *event, const struct condition *conditions, long long begin_ns,
		 long long end_ns)
{
	int n = 0;

	for (const struct condition *c = conditions; c->kind != CONDITION_NONE; c++)
		n += satisfied(event, c, begin_ns, end_ns);
	return n;
}

/* The best matching events with this name, each with the conditions that it fails. */
static char *report_best(json_t *events, const char *name, const struct condition *conditions,
			 int all, long long begin_ns, long long end_ns)
{
	char *text = NULL;
	size_t size, i;
	json_t *event;
	int shown = 0, named = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	json_array_foreach(events, i, event)
		named += !strcmp(event_name(event), name);
	fprintf(out, "%zu events, %d of them %s\n", json_array_size(events), named, name);
	for (int want = all - 1; want >= 0 && shown < REPORT_EVENTS; want--)
		json_array_foreach(events, i, event) {
			if (shown == REPORT_EVENTS || strcmp(event_name(event), name) ||
			    score(event, conditions, begin_ns, end_ns) != want)
				continue;
			shown++;
			fprintf(out, "  %s number %zu satisfies %d of %d conditions\n", name, i,
				want, all);
			for (const struct condition *c = conditions; c->kind != CONDITION_NONE; c++)
				if (!satisfied(event, c, begin_ns, end_ns))
					report_condition(out, event, c);
		}
	fclose(out);
	return text;
}

int events_match(json_t *events, const char *event, const struct condition *conditions,
		 long long begin_ns, long long end_ns, char **report)
{
	int all = 0, count = 0;
	json_t *e;
	size_t i;

	for (const struct condition *c = conditions; c->kind != CONDITION_NONE; c++)
		all++;
	json_array_foreach(events, i, e)
		if (!strcmp(event_name(e), event) && score(e, conditions, begin_ns, end_ns) == all)
			count++;
	if (report)
		*report = count ? NULL
				: report_best(events, event, conditions, all, begin_ns, end_ns);
	return count;
}
