/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of pulsar-loaderd. */
#ifndef LOADERD_OPTIONS_H
#define LOADERD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "pin.h"

/* Strings are those of argv; NULL: not given. */
struct options {
	const char *config;
	const char *modules_dir;
	const char *pin_root;
	const char *socket;
	const char *group;
	const char *variant;
	const char **modules; /* --module, in the order given; ours */
	size_t modules_count;
	bool check;
	bool verbose;
	bool help;
	bool version;
};

/**
 * options_parse() - reads the command line.
 * @options: written in full in any case; options_release() afterwards.
 * @error: one line that says what was wrong.
 *
 * Values are not judged here but where those of the configuration are.
 *
 * Return: 0, -EINVAL wrong usage, -ENOMEM.
 */
int options_parse(struct options *options, int argc, char **argv, struct pin_error *error);

/** options_release() - frees what options_parse() made. NULL is fine. */
void options_release(struct options *options);

/** options_help() - the text of --help. */
const char *options_help(void);

#endif
