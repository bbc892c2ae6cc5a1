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
 * attach_absent() - whether a program is for a system call that this kernel does not have.
 *
 * Then there is nothing to miss (open and creat on arm64), unlike with any other
 * target that is not there. False if no tracepoints of system calls exist at all.
 */
bool attach_absent(const struct bpf_program *program, enum kind kind);

#endif
