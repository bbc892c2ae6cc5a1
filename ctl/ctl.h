/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pulsarctl: the table of its commands. A command is one function, in a file of its
 * own, entered in the table of ctl.c.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdbool.h>

/* Exit statuses, and what commands return. */
#define CTL_OK	   0
#define CTL_FAILED 1
#define CTL_USAGE  2

/* What the command line says; strings are those of argv. */
struct ctl {
	const char *socket;
	const char *pin_root; /* NULL: not given; that of loaderd, or PULSAR_PIN_ROOT */
	const char *config;   /* NULL: not given; that of loaderd, or PULSAR_CONFIG */
	bool json;	      /* output for programs */
	bool colour;
	/* of single commands */
	unsigned int interval_ms; /* between two looks; 0: a single one */
	unsigned long count;	  /* looks; 0: no end */
	const char *listen;	  /* NULL: not given */
	const char *subscription; /* NULL: not given */
	bool save;
};

/** ctl_main() - the whole program: its exit status. */
int ctl_main(int argc, char **argv);

/**
 * ctl_fail() - one line on stderr, "pulsarctl: ...". What is not printable ASCII becomes '?'.
 *
 * Return: CTL_FAILED.
 */
int ctl_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** ctl_usage() - the same for a command line that is wrong. Return: CTL_USAGE. */
int ctl_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** ctl_note() - the same for what one should know and is no failure. */
void ctl_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Commands: argv[0] is the command's name, the number of its arguments is as the table says. */
int status_command(const struct ctl *ctl, int argc, char **argv);
int modules_command(const struct ctl *ctl, int argc, char **argv);
int start_command(const struct ctl *ctl, int argc, char **argv); /* stop and restart, too */
int subscriptions_command(const struct ctl *ctl, int argc, char **argv);
int doctor_command(const struct ctl *ctl, int argc, char **argv);
int metrics_command(const struct ctl *ctl, int argc, char **argv);
int top_command(const struct ctl *ctl, int argc, char **argv);
int watch_command(const struct ctl *ctl, int argc, char **argv);
int config_command(const struct ctl *ctl, int argc, char **argv);
int filter_command(const struct ctl *ctl, int argc, char **argv);
int teardown_command(const struct ctl *ctl, int argc, char **argv);

#endif
