// SPDX-License-Identifier: Apache-2.0
/* Log lines to stderr, in the form that whoever reads stderr expects. */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line is cut rather than split, so that one write(2) is one line of the journal. */
#define LOG_LINE_MAX 1024

static enum log_level log_level = LOG_LEVEL_INFO;

/* Priorities of sd-daemon(3), which are those of syslog(3). */
static const char *const log_priority[] = {
	[LOG_LEVEL_ERROR] = "<3>",
	[LOG_LEVEL_WARN] = "<4>",
	[LOG_LEVEL_INFO] = "<6>",
	[LOG_LEVEL_DEBUG] = "<7>",
};

static const char *const log_word[] = {
	[LOG_LEVEL_ERROR] = "error: ",
	[LOG_LEVEL_WARN] = "warning: ",
	[LOG_LEVEL_INFO] = "",
	[LOG_LEVEL_DEBUG] = "debug: ",
};

void log_level_set(enum log_level level)
{
	log_level = level;
}

int log_level_enabled(enum log_level level)
{
	return level <= log_level;
}

/* JOURNAL_STREAM is "device:inode" of the journal's socket; it is inherited by children whose
 * stderr goes elsewhere, hence the comparison. */
static bool log_to_journal(void)
{
	static int journal = -1;
	unsigned long long dev, ino;
	const char *stream;
	struct stat st;

	if (journal >= 0)
		return journal;
	stream = getenv("JOURNAL_STREAM");
	journal = stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
		  fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
	return journal;
}

static void log_line(enum log_level level, const char *format, va_list args)
{
	int saved = errno;
	char line[LOG_LINE_MAX];
	size_t start, len;
	int n;

	if (!log_level_enabled(level))
		return;
	if (log_to_journal())
		n = snprintf(line, sizeof(line), "%s", log_priority[level]);
	else
		n = snprintf(line, sizeof(line), "pulsar-loaderd: %s", log_word[level]);
	start = (size_t)n;
	errno = saved; /* for %m */
	n = vsnprintf(line + start, sizeof(line) - start, format, args);
	if (n < 0)
		goto out;
	len = start + (size_t)n;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	for (size_t i = start; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	/* There is no one left to tell that the log could not be written. */
	if (write(STDERR_FILENO, line, len) < 0)
		goto out;
out:
	errno = saved;
}

#define LOG_VERB(name, level)                  \
	void name(const char *format, ...)     \
	{                                      \
		va_list args;                  \
                                               \
		va_start(args, format);        \
		log_line(level, format, args); \
		va_end(args);                  \
	}

LOG_VERB(log_debug, LOG_LEVEL_DEBUG)
LOG_VERB(log_info, LOG_LEVEL_INFO)
LOG_VERB(log_warn, LOG_LEVEL_WARN)
LOG_VERB(log_error, LOG_LEVEL_ERROR)
