// SPDX-License-Identifier: Apache-2.0
/* The closed table of requests. */
#include "request.h"

#include <errno.h>
#include <string.h>

#include "pin.h"

static const char *parse_rings(const char *body, size_t len, struct request *request)
{
	size_t name;

	(void)len; /* the table's */
	name = strnlen(body, PULSAR_SUBSCRIPTION_LEN);
	if (name == PULSAR_SUBSCRIPTION_LEN)
		return "the name of the subscription has no end";
	for (size_t i = name; i < PULSAR_SUBSCRIPTION_LEN; i++)
		if (body[i])
			return "bytes after the name of the subscription";
	if (!pin_name_valid(body))
		return "not a name of a subscription";
	memcpy(request->subscription, body, PULSAR_SUBSCRIPTION_LEN);
	return NULL;
}

static const char *parse_control(const char *body, size_t len, struct request *request)
{
	request->json = body;
	request->json_len = len;
	return NULL;
}

static const struct {
	enum pulsar_wire_type type;
	size_t body_min; /* bytes after the header */
	size_t body_max;
	unsigned int fds; /* exactly */
	const char *(*parse)(const char *body, size_t len, struct request *request);
} request_table[] = {
	{ PULSAR_ASK_RINGS, PULSAR_SUBSCRIPTION_LEN, PULSAR_SUBSCRIPTION_LEN, 1, parse_rings },
	{ PULSAR_ASK_CONTROL, 2, PULSAR_WIRE_MAX - sizeof(struct pulsar_wire), 0, parse_control },
};

static const char *parse_body(const struct pulsar_wire *wire, const char *body, size_t len,
			      unsigned int fds, struct request *request)
{
	for (size_t i = 0; i < sizeof(request_table) / sizeof(request_table[0]); i++) {
		if (request_table[i].type != wire->type)
			continue;
		if (len < request_table[i].body_min || len > request_table[i].body_max)
			return "a length that its type does not have";
		if (fds != request_table[i].fds)
			return "the wrong number of descriptors";
		request->type = request_table[i].type;
		return request_table[i].parse(body, len, request);
	}
	return "not a request";
}

static const char *parse_packet(const void *packet, size_t len, unsigned int fds,
				struct request *request)
{
	struct pulsar_wire wire;

	if (len < sizeof(wire))
		return "too short";
	if (len > PULSAR_WIRE_MAX)
		return "too long";
	memcpy(&wire, packet, sizeof(wire));
	if (wire.magic != PULSAR_WIRE_MAGIC)
		return "not of this protocol";
	if (wire.version != PULSAR_WIRE_VERSION)
		return "another version of the protocol";
	if (wire.size != len)
		return "another size than it says";
	if (wire.reserved)
		return "reserved bytes are not 0";
	return parse_body(&wire, (const char *)packet + sizeof(wire), len - sizeof(wire), fds,
			  request);
}

int request_parse(const void *packet, size_t len, unsigned int fds, struct request *request,
		  const char **why)
{
	struct request parsed = {};
	const char *wrong;

	wrong = parse_packet(packet, len, fds, &parsed);
	if (wrong) {
		*why = wrong;
		return -EPROTO;
	}
	*request = parsed;
	return 0;
}
