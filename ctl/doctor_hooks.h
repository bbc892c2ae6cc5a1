/* SPDX-License-Identifier: Apache-2.0 */
/* The part of doctor that is about programs: kinds, and hooks with their variants. */
#ifndef CTL_DOCTOR_HOOKS_H
#define CTL_DOCTOR_HOOKS_H

#include <jansson.h>
#include <stddef.h>

#include "ctl.h"

/** doctor_print_kinds() - @kinds: of loaderd's answer, NULL: nothing is printed. Return: 0 or -ENOMEM. */
int doctor_print_kinds(const struct ctl *ctl, const json_t *kinds);

/** doctor_print_hooks() - @modules, @kinds: of loaderd's answer. Return: 0 or -ENOMEM. */
int doctor_print_hooks(const struct ctl *ctl, const json_t *modules, const json_t *kinds);

/**
 * doctor_why() - why a hook has no better variant.
 * @hook: of loaderd's answer.
 * @text: "fentry: the reason; kprobe: the reason"; "" if it has the best one.
 */
void doctor_why(const json_t *hook, const json_t *kinds, char *text, size_t size);

#endif
