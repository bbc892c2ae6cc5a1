// SPDX-License-Identifier: Apache-2.0
/* Writing samples. */
#include "samples.h"

#include <stdarg.h>
#include <string.h>

#include "table.h"

void samples_begin(struct samples *samples, const struct samples_family *family)
{
	samples->family = family;
	samples->begun = false;
}

/* Whole numbers as such: a counter's low digits matter; a double has 53 bits for them. */
static void print_value(FILE *to, double value)
{
	if (value >= 0 && value < 9007199254740992.0 && value == (double)(unsigned long long)value)
		fprintf(to, "%llu", (unsigned long long)value);
	else
		fprintf(to, "%.15g", value);
}

/* Escaped as the format asks for; anything but ASCII was never written into a name of ours. */
static void print_label(FILE *to, const char *value)
{
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', to);
		fputc(*value < ' ' || *value > '~' ? '?' : *value, to);
	}
}

static void print_sample(struct samples *s, double value, va_list labels)
{
	const char *between = "{", *name;

	if (!s->begun)
		fprintf(s->text, "# HELP %s %s\n# TYPE %s %s\n", s->family->name, s->family->help,
			s->family->name, s->family->type);
	fputs(s->family->name, s->text);
	while ((name = va_arg(labels, const char *))) {
		fprintf(s->text, "%s%s=\"", between, name);
		print_label(s->text, va_arg(labels, const char *));
		fputc('"', s->text);
		between = ",";
	}
	fputs(*between == ',' ? "} " : " ", s->text);
	print_value(s->text, value);
	fputc('\n', s->text);
}

static void add_sample(struct samples *s, double value, va_list labels)
{
	json_t *all = json_object(), *family;
	const char *name;

	while ((name = va_arg(labels, const char *)))
		json_object_set_new(all, name, json_string(va_arg(labels, const char *)));
	if (!s->begun)
		json_array_append_new(s->json, json_pack("{s:s, s:s, s:s, s:[]}", "name",
							 s->family->name, "type", s->family->type,
							 "help", s->family->help, "samples"));
	family = json_array_get(s->json, json_array_size(s->json) - 1);
	json_array_append_new(json_object_get(family, "samples"),
			      json_pack("{s:o, s:f}", "labels", all, "value", value));
}

void sample(struct samples *samples, double value, ...)
{
	va_list labels;

	va_start(labels, value);
	if (samples->text)
		print_sample(samples, value, labels);
	else
		add_sample(samples, value, labels);
	va_end(labels);
	samples->begun = true;
}
