/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples of metrics, as text that Prometheus reads (exposition format 0.0.4) or as JSON.
 * One family after the other, each with its samples.
 */
#ifndef CTL_SAMPLES_H
#define CTL_SAMPLES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct samples_family {
	const char *name, *type, *help;
};

struct samples {
	FILE *text;   /* NULL: JSON */
	json_t *json; /* NULL: text; else an array that families are appended to */
	const struct samples_family *family;
	bool begun; /* something of this family is written */
};

/** samples_begin() - the next family; one without samples leaves no trace. */
void samples_begin(struct samples *samples, const struct samples_family *family);

/**
 * sample() - one sample.
 * @...: names and values of labels in turn, const char *, ended by NULL.
 */
void sample(struct samples *samples, double value, ...) __attribute__((sentinel));

#endif
