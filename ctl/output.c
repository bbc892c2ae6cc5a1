// SPDX-License-Identifier: Apache-2.0
/* JSON and results on stdout. */
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"

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

int output_done(const struct ctl *ctl, json_t *answer)
{
	const char *warning = answer_text(answer, "warning");

	if (!answer)
		return CTL_FAILED;
	if (*warning)
		ctl_note("%s", warning);
	if (ctl->json)
		return output_json(answer);
	json_decref(answer);
	return CTL_OK;
}
