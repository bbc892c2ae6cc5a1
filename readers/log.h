/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the reader says to people: one line each to stderr, nothing to set up.
 * Only who handles an error logs it.
 */
#ifndef READERS_LOG_H
#define READERS_LOG_H

/*
 * One line "pulsar-reader: ...", printf-like, without a newline at the end. Control
 * characters come out as '?', so that a name from elsewhere makes no second line.
 * errno is preserved.
 *
 * Warnings can be as frequent as broken records: beyond LOG_BURST at once and one each second
 * they are only counted, and the next one that comes out tells how many there were.
 */
#define LOG_BURST 10

void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
