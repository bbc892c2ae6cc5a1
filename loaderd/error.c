// SPDX-License-Identifier: Apache-2.0
/* Sentences for struct pin_error. */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct pin_error *error, int err, const char *format, ...)
{
	struct pin_error made;
	va_list args;

	errno = -err;
	if (!error)
		return err;
	va_start(args, format);
	/* Made aside: the arguments may point into *error. A sentence too long is cut. */
	vsnprintf(made.text, sizeof(made.text), format, args);
	va_end(args);
	*error = made;
	errno = -err;
	return err;
}

int error_prefix(struct pin_error *error, int err, const char *format, ...)
{
	char prefix[sizeof(error->text) - 2];
	va_list args;
	size_t len, room;

	errno = -err;
	if (!error)
		return err;
	va_start(args, format);
	vsnprintf(prefix, sizeof(prefix), format, args);
	va_end(args);
	len = strlen(prefix);
	room = sizeof(error->text) - len - sizeof(": ");
	memmove(error->text + len + 2, error->text, strnlen(error->text, room) + 1);
	error->text[sizeof(error->text) - 1] = '\0';
	memcpy(error->text, prefix, len);
	memcpy(error->text + len, ": ", 2);
	errno = -err;
	return err;
}
