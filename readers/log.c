// SPDX-License-Identifier: Apache-2.0
/* Lines to stderr. */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_PREFIX "pulsar-reader: "
#define LOG_MAX	   1024 /* bytes of a line; the rest is cut */

/* Warnings that may still come out; more are earned with time. */
static unsigned int log_tokens = LOG_BURST;
static time_t log_earned; /* CLOCK_MONOTONIC, seconds */
static unsigned long log_suppressed;

static bool log_allowed(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec > log_earned) {
		time_t earned = now.tv_sec - log_earned + log_tokens;

		log_tokens = earned < LOG_BURST ? (unsigned int)earned : LOG_BURST;
		log_earned = now.tv_sec;
	}
	if (!log_tokens) {
		log_suppressed++;
		return false;
	}
	log_tokens--;
	return true;
}

static void log_put(const char *format, va_list args)
{
	char line[LOG_MAX] = LOG_PREFIX;
	size_t start = strlen(line), len;
	int n;

	n = vsnprintf(line + start, sizeof(line) - start, format, args);
	if (n < 0)
		return;
	len = start + (size_t)n;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	for (size_t i = start; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	/* There is nobody left to tell that this failed. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

static void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void log_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_put(format, args);
	va_end(args);
}

void log_error(const char *format, ...)
{
	int saved = errno;
	va_list args;

	va_start(args, format);
	log_put(format, args);
	va_end(args);
	errno = saved;
}

void log_warn(const char *format, ...)
{
	int saved = errno;
	va_list args;

	if (log_allowed()) {
		if (log_suppressed)
			log_line("%lu warnings were left out", log_suppressed);
		log_suppressed = 0;
		va_start(args, format);
		log_put(format, args);
		va_end(args);
	}
	errno = saved;
}
