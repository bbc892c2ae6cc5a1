/* SPDX-License-Identifier: Apache-2.0 */
/* A Pulsar that several tests share, where starting one for each takes too long. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct kit *kit_new_shared(const char *module)
{
	const char *folder = getenv("PULSAR_TEST_SHARED");

	return kit_make(module, NULL, folder && *folder ? folder : NULL);
}

const char *kit_subscription(const struct kit *kit)
{
	return *kit->subscription ? kit->subscription : "default";
}

void kit_start_forced(struct kit *kit)
{
	const char *variant = getenv("PULSAR_TEST_VARIANT");
	char missing[64];
	char *log;

	if (*kit->subscription || kit_start(kit))
		return;
	log = kit_log(kit);
	snprintf(missing, sizeof(missing), "no %s programs on this kernel", variant ?: "");
	/* What the kernel has and the module does not get to work is a failure. */
	if (variant && *variant &&
	    (strstr(log, missing) || strstr(log, "failed to find kernel BTF type ID")))
		cr_skip_test("this kernel has not what %s programs are for", variant);
	cr_assert_fail("loaderd did not start:\n%s", log);
}

void shared_release(struct kit *kit)
{
	char request[512];

	if (!*kit->subscription)
		return;
	snprintf(request, sizeof(request),
		 "{\"request\":\"subscription-remove\",\"module\":\"%s\",\"subscription\":\"%s\"}",
		 kit->modules, kit->subscription);
	json_decref(kit_control(kit, request));
}
