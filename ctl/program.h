/* SPDX-License-Identifier: Apache-2.0 */
/* Pulsar's other programs: where they are, and running one to its end. */
#ifndef CTL_PROGRAM_H
#define CTL_PROGRAM_H

#include <limits.h>
#include <stddef.h>

/**
 * program_find() - beside pulsarctl, or where programs are.
 * @name: "pulsar-reader".
 *
 * Return: 0, or -ENOENT.
 */
int program_find(const char *name, char path[PATH_MAX]);

/**
 * program_run() - runs a program to its end.
 * @argv: argv[0] is its path; ended by NULL.
 * @text: what it wrote to stderr, cut to @size; what it writes to stdout is thrown away.
 *
 * Return: its exit status, 128 and more: it was killed; or negative errno: it could not be run.
 */
int program_run(const char *const *argv, char *text, size_t size);

#endif
