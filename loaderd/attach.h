/* SPDX-License-Identifier: Apache-2.0 */
/* Attaches one program: to what, its section name says. */
#ifndef LOADERD_ATTACH_H
#define LOADERD_ATTACH_H

#include <stdbool.h>

#include "kind.h"
#include "pin.h"

struct bpf_program;

/**
 * attach_program() - attaches a loaded program.
 *
 * Return: the descriptor of a link, which the caller closes: the program stays
 * attached as long as it or a pin of it exists. Negative errno with *error.
 */
int attach_program(const struct bpf_program *program, enum kind kind, struct pin_error *error);

/**
 * attach_run_iterator() - runs a loaded program of kind iter over all its objects.
 *
 * Return: the descriptor of a link, by which it can be run again; the caller closes it.
 * Negative errno with *error.
 */
int attach_run_iterator(const struct bpf_program *program, struct pin_error *error);

/**
 * attach_absent() - whether what a program is for does not exist in this kernel, and is not missed.
 * @optional: the program may be left out: its section's name begins with '?'.
 *
 * That is so for system calls (open and creat on arm64; false if no tracepoints of
 * system calls exist at all), and for functions of which the module says that they are
 * not in all kernels.
 */
bool attach_absent(const struct bpf_program *program, enum kind kind, bool optional);

#endif
