// SPDX-License-Identifier: Apache-2.0
/* What goes to stdout. */
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

int output_json(json_t *value)
{
	/* Escaped, so that no name in it reaches a terminal as it is. */
	int err = value ? json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) : -1;

	json_decref(value);
	if (err)
		return ctl_fail("%s", strerror(ENOMEM));
	putchar('\n');
	return CTL_OK;
}
