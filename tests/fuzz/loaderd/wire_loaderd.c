// SPDX-License-Identifier: Apache-2.0
/*
 * Any packet as a request to loaderd. The input: one byte with the number of
 * descriptors, the packet.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pin.h"
#include "request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

/* What the code behind the parser relies on. */
static void check_request(const struct request *request, const char *packet, size_t len,
			  unsigned int fds)
{
	if (request->type == PULSAR_ASK_RINGS) {
		must(fds == 1 && len == sizeof(struct pulsar_ask_rings));
		must(memchr(request->subscription, '\0', PULSAR_SUBSCRIPTION_LEN) != NULL);
		must(pin_name_valid(request->subscription));
	} else {
		must(request->type == PULSAR_ASK_CONTROL && fds == 0 && len <= PULSAR_WIRE_MAX);
		must(request->json == packet + sizeof(struct pulsar_wire));
		must(request->json_len >= 2 &&
		     request->json_len == len - sizeof(struct pulsar_wire));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request request, before;
	const char *why = NULL;
	unsigned int fds;
	char *packet;
	int err;

	if (!size)
		return 0;
	fds = data[0];
	data++;
	size--;
	/* In memory of just its size, so that reading beyond it is noticed. */
	packet = malloc(size ? size : 1);
	must(packet != NULL);
	memcpy(packet, data, size);
	memset(&request, 0x5a, sizeof(request));
	before = request;
	err = request_parse(packet, size, fds, &request, &why);
	if (err) {
		must(err == -EPROTO && why && *why);
		must(memcmp(&request, &before, sizeof(request)) == 0);
	} else {
		check_request(&request, packet, size, fds);
	}
	free(packet);
	return 0;
}
