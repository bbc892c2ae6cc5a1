/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to stdout. */
#ifndef CTL_OUTPUT_H
#define CTL_OUTPUT_H

#include <jansson.h>

/**
 * output_json() - prints a value, in ASCII, and a line end.
 * @value: the reference is taken; NULL: there was no memory for it.
 *
 * Return: CTL_OK or CTL_FAILED.
 */
int output_json(json_t *value);

#endif
