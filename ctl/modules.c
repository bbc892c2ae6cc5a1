// SPDX-License-Identifier: Apache-2.0
/* pulsarctl modules, start, stop, restart. */
#include <stdio.h>

#include "client.h"
#include "ctl.h"
#include "output.h"

int modules_command(const struct ctl *ctl, int argc, char **argv)
{
	json_t *answer = client_ask(ctl, json_pack("{s:s}", "request", "modules"));

	(void)argc;
	(void)argv;
	return answer ? output_json(answer) : CTL_FAILED;
}

int start_command(const struct ctl *ctl, int argc, char **argv)
{
	json_t *request, *answer;

	(void)argc;
	request = json_pack("{s:s, s:s}", "request", argv[0], "module", argv[1]);
	if (!request)
		return ctl_fail("'%s' is not the name of a module", argv[1]);
	answer = client_ask(ctl, request);
	if (!answer)
		return CTL_FAILED;
	if (ctl->json)
		return output_json(answer);
	json_decref(answer);
	return CTL_OK;
}
