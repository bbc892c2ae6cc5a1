/* SPDX-License-Identifier: Apache-2.0 */
/* The options of the command line, in front of and behind the command. */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include "ctl.h"

/* Options that only some commands take: a mask. */
#define OPTIONS_INTERVAL     0x1u
#define OPTIONS_COUNT	     0x2u
#define OPTIONS_LISTEN	     0x4u
#define OPTIONS_SUBSCRIPTION 0x8u
#define OPTIONS_SAVE	     0x10u

struct options {
	struct ctl ctl;
	unsigned int given; /* mask of those above */
	bool help, version;
	int first; /* index in argv of the command */
};

/**
 * options_parse() - reads a command line.
 * @argv: is put in another order: options first.
 *
 * Return: 0, or CTL_USAGE with a line on stderr.
 */
int options_parse(struct options *options, int argc, char **argv);

/** options_check() - whether only options of a command were given: 0, or CTL_USAGE with a line on stderr. */
int options_check(const struct options *options, const char *command, unsigned int allowed);

/** options_help() - what --help says of them. */
const char *options_help(void);

#endif
