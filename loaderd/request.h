/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client may ask: a closed table. Pure: looks at bytes, touches nothing else.
 */
#ifndef LOADERD_REQUEST_H
#define LOADERD_REQUEST_H

#include <stddef.h>

#include <pulsar/wire.h>

struct request {
	enum pulsar_wire_type type;		    /* PULSAR_ASK_RINGS or PULSAR_ASK_CONTROL */
	char subscription[PULSAR_SUBSCRIPTION_LEN]; /* ASK_RINGS: a valid name */
	const char *json; /* ASK_CONTROL: in the packet, not NUL-terminated */
	size_t json_len;
};

/**
 * request_parse() - check a packet and say what it asks
 * @packet: hostile; need not be aligned
 * @len: bytes of it
 * @fds: descriptors that came with it
 * @request: written on success only
 * @why: on failure, what is wrong with it, a constant
 *
 * Return: 0 or -EPROTO.
 */
int request_parse(const void *packet, size_t len, unsigned int fds, struct request *request,
		  const char **why);

#endif
