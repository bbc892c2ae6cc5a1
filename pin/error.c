// SPDX-License-Identifier: Apache-2.0
/*
 * Texts of errors: what, where, found, expected.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

int pin_fail(struct pin_error *error, int err, const char *format, ...)
{
	va_list args;

	if (error) {
		va_start(args, format);
		vsnprintf(error->text, sizeof(error->text), format, args);
		va_end(args);
	}
	return -err;
}

int pin_must_own(const struct pin_root *root, struct pin_error *error)
{
	if (root->how == PIN_OWN)
		return 0;
	return pin_fail(error, EPERM, "%s: opened to look only, expected as the owner", root->path);
}
