/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's log: four verbs to stderr, and nothing to set up. Only who
 * handles an error logs it; libraries return.
 */
#ifndef LOADERD_LOG_H
#define LOADERD_LOG_H

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/**
 * log_level_set() - what is logged from now on.
 * @level: the least important level that still appears; LOG_LEVEL_INFO at start.
 */
void log_level_set(enum log_level level);

/**
 * log_level_enabled() - whether a line of @level would appear.
 *
 * For callers that would have to compute something only to log it.
 *
 * Return: 1 or 0.
 */
int log_level_enabled(enum log_level level);

/*
 * log_debug() and so on - one line to stderr, printf-like, no newline at the end.
 *
 * Control characters are replaced by '?', so that a name from elsewhere cannot
 * make a second line. errno is preserved. When stderr is the systemd journal
 * (JOURNAL_STREAM, sd-daemon(3)) the line begins with its priority, "<6>";
 * otherwise with the program's name.
 */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
