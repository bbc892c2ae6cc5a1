/* SPDX-License-Identifier: Apache-2.0 */
/* JSON and results on stdout. */
#ifndef CTL_OUTPUT_H
#define CTL_OUTPUT_H

#include <jansson.h>

#include "ctl.h"

/**
 * output_json() - prints a value, in ASCII, and a line end.
 * @value: the reference is taken; NULL: there was no memory for it.
 *
 * Return: CTL_OK or CTL_FAILED.
 */
int output_json(json_t *value);

/**
 * output_done() - the end of a command that did something: nothing, or the answer with --json.
 * @answer: of loaderd; the reference is taken. NULL: it failed, and that was told.
 *
 * Return: the command's exit status.
 */
int output_done(const struct ctl *ctl, json_t *answer);

#endif
