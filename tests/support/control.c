/* SPDX-License-Identifier: Apache-2.0 */
/* Control requests to the kit's loaderd, and what its answers tell. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pulsar/wire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "internal.h"

json_t *kit_control(struct kit *kit, const char *request)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct pulsar_wire wire = { .magic = PULSAR_WIRE_MAGIC,
				    .version = PULSAR_WIRE_VERSION,
				    .type = PULSAR_ASK_CONTROL,
				    .size = sizeof(wire) + strlen(request) };
	struct iovec parts[] = { { &wire, sizeof(wire) }, { (void *)request, strlen(request) } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char *answer = malloc(PULSAR_WIRE_MAX);
	json_t *json;
	ssize_t n;

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", kit->socket);
	cr_assert(fd >= 0 && answer && !connect(fd, (struct sockaddr *)&to, sizeof(to)), "%s: %s",
		  kit->socket, strerror(errno));
	cr_assert_eq(sendmsg(fd, &message, MSG_NOSIGNAL), wire.size);
	n = recv(fd, answer, PULSAR_WIRE_MAX, 0);
	cr_assert_gt(n, (ssize_t)sizeof(wire), "no answer to %s", request);
	json = json_loadb(answer + sizeof(wire), n - sizeof(wire), 0, NULL);
	cr_assert(json, "the answer to %s is not JSON", request);
	free(answer);
	close(fd);
	return json;
}

struct attached {
	struct kit *kit;
	const char *module, *subscription;
};

static bool is_attached(void *arg)
{
	struct attached *want = arg;
	json_t *answer = kit_control(want->kit, "{\"request\":\"subscriptions\"}");
	bool attached = false;
	json_t *s;
	size_t i;

	json_array_foreach(json_object_get(answer, "subscriptions"), i, s)
		attached |=
			!strcmp(json_string_value(json_object_get(s, "module")), want->module) &&
			!strcmp(json_string_value(json_object_get(s, "subscription")),
				want->subscription) &&
			json_integer_value(json_object_get(s, "holder_pid")) > 0;
	json_decref(answer);
	return attached;
}

void kit_attached(struct kit *kit, const char *module, const char *subscription)
{
	struct attached want = { kit, module, subscription };

	wait_until(is_attached, &want, "a reader to attach");
}
