// SPDX-License-Identifier: Apache-2.0
/* One line on stderr, whatever is in it. */
#include <stdarg.h>
#include <stdio.h>

#include "ctl.h"

/* A path and what is wrong with it fit; a longer text is cut. */
#define LINE_MAX_BYTES 1024

static void line_print(const char *format, va_list args)
{
	char line[LINE_MAX_BYTES];

	vsnprintf(line, sizeof(line), format, args);
	/* Names in pins, paths and arguments may have anything in them, also what moves a cursor. */
	for (char *c = line; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	fflush(stdout);
	fprintf(stderr, "pulsarctl: %s\n", line);
}

#define TELL(name, type, result)           \
	type name(const char *format, ...) \
	{                                  \
		va_list args;              \
                                           \
		va_start(args, format);    \
		line_print(format, args);  \
		va_end(args);              \
		return result;             \
	}

TELL(ctl_fail, int, CTL_FAILED)
TELL(ctl_usage, int, CTL_USAGE)
TELL(ctl_note, void, )
