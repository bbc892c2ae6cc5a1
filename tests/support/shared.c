/* SPDX-License-Identifier: Apache-2.0 */
/* A Pulsar that several tests share, where starting one for each takes too long. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* What its configuration file begins with is kept beside it. */
void shared_write_base(struct kit *kit, FILE *to)
{
	char path[sizeof(kit->config) + sizeof(".base")], *base;
	int fd;

	snprintf(path, sizeof(path), "%s.base", kit->config);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0, "%s: %s", path, strerror(errno));
	base = file_text(fd);
	close(fd);
	fputs(base, to);
	free(base);
	kit->configured = true;
}

void shared_reload(struct kit *kit)
{
	json_t *answer = kit_control(kit, "{\"request\":\"reload\"}");
	char *text = json_dumps(answer, 0);

	cr_assert(json_is_true(json_object_get(answer, "ok")) &&
			  !json_integer_value(json_object_get(answer, "wrong")),
		  "reload: %s", text);
	free(text);
	json_decref(answer);
}

const char *kit_subscription(const struct kit *kit)
{
	return *kit->subscription ? kit->subscription : "default";
}

/* Starts it if need be; skips the test if the forced variant is of a kind that the kernel has not. */
static void start_forced(struct kit *kit)
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

struct kit *kit_started_shared(const char *module, const char *config)
{
	const char *folder = config ? NULL : getenv("PULSAR_TEST_SHARED");
	struct kit *kit = kit_make(module, config, folder && *folder ? folder : NULL);

	start_forced(kit);
	return kit;
}

void shared_release(struct kit *kit)
{
	char request[512];

	if (!*kit->subscription)
		return;
	/* The next test finds it as it was. */
	if (kit->configured) {
		kit_set_config(kit, NULL);
		shared_reload(kit);
	}
	snprintf(request, sizeof(request),
		 "{\"request\":\"subscription-remove\",\"module\":\"%s\",\"subscription\":\"%s\"}",
		 kit->modules, kit->subscription);
	json_decref(kit_control(kit, request));
}
