/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of pulsar-reader. */
#ifndef READERS_OPTIONS_H
#define READERS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

enum options_format {
	OPTIONS_JSON,
	OPTIONS_TEXT,
};

enum options_colour {
	OPTIONS_COLOUR_AUTO, /* if stdout is a terminal */
	OPTIONS_COLOUR_ALWAYS,
	OPTIONS_COLOUR_NEVER,
};

/* Strings are borrowed: they are parts of argv, or constants. */
struct options {
	const char *module;
	const char *subscription;
	const char *events; /* names with commas between them; NULL: all */
	const char *pin_root;
	const char *socket;
	enum options_format format;
	enum options_colour colour;
	bool order;
	__u64 order_window_ns;
	__u64 interval_ns; /* between two looks at the tables */
	__u64 count;	   /* event lines; 0: no limit */
	__u64 duration_ns; /* 0: no limit */
	bool elf_check;	   /* look at files that are opened, see derive/elf.h */
	const char *elf_check_whitelist;
	bool help;
	bool version;
};

#define OPTIONS_ORDER_WINDOW_MS 100
#define OPTIONS_INTERVAL_MS	1000

/**
 * options_parse() - read a command line
 * @options: out; with --help or --version the rest is not judged
 * @argc: of main()
 * @argv: of main(), outlives @options
 * @error: out, on failure: what is wrong, one line
 * @error_size: bytes of @error
 *
 * Return: 0 or -EINVAL.
 */
int options_parse(struct options *options, int argc, char **argv, char *error, size_t error_size);

/* What --help prints. */
const char *options_help(void);

#endif
