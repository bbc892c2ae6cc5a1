// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a DNS message. The input is the message. */
#include "decode/dns.h"
#include "valid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *message;
	char *line, *end;

	if (size > UINT16_MAX)
		return 0;
	/* In memory of just its size, so that reading beyond it is noticed. */
	message = malloc(size ? size : 1);
	/* What appenders may scribble on lies behind the room. */
	line = malloc(DNS_ROOM(size) + 64);
	valid_must(message && line);
	memcpy(message, data, size);
	end = dns_json(line, message, size);
	valid_must(end > line && end <= line + DNS_ROOM(size) && *line == ',');
	*line = '{';
	*end++ = '}';
	valid_json(line, end - line);
	end = dns_text(line, message, size);
	valid_must(end <= line + DNS_ROOM(size));
	valid_text(line, end - line);
	free(line);
	free(message);
	return 0;
}
