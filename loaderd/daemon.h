/* SPDX-License-Identifier: Apache-2.0 */
/* The life of pulsar-loaderd, from its command line to its end. */
#ifndef LOADERD_DAEMON_H
#define LOADERD_DAEMON_H

/**
 * daemon_main() - all of the daemon.
 *
 * Return: the exit status: 0; 1 something failed, and one line on stderr says what;
 * 2 wrong usage.
 */
int daemon_main(int argc, char **argv);

#endif
