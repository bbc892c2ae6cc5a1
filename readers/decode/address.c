// SPDX-License-Identifier: Apache-2.0
/*
 * Kind ADDRESS: {"ip":"127.0.0.1","port":80}, with "scope" where an IPv6 address has
 * one. IPv4 in IPv6's clothes is IPv4. What is no IP address is null.
 */
#include <sys/socket.h>

#include "../put.h"
#include "decode.h"
#include "ip.h"

static struct pulsar_address load(const struct field *field, const struct record *record)
{
	struct pulsar_address a;

	memcpy(&a, record->bytes + field->offset, sizeof(a));
	return a;
}

static bool is_ip4(const struct pulsar_address *a)
{
	return a->family == AF_INET || (a->family == AF_INET6 && ip6_is_mapped(a->ip));
}

static char *put_ip(char *p, const struct pulsar_address *a)
{
	if (is_ip4(a))
		return ip4_put(p, a->family == AF_INET ? a->ip : a->ip + 12);
	return ip6_put(p, a->ip);
}

static char *address_json(const struct field *field, const struct record *record, char *p,
			  const char *end)
{
	struct pulsar_address a = load(field, record);

	(void)end;
	if (a.family != AF_INET && a.family != AF_INET6)
		return put_lit(p, "null");
	p = put_lit(p, "{\"ip\":\"");
	p = put_ip(p, &a);
	p = put_lit(p, "\",\"port\":");
	p = put_u64(p, a.port);
	if (a.scope && !is_ip4(&a)) {
		p = put_lit(p, ",\"scope\":");
		p = put_u64(p, a.scope);
	}
	*p++ = '}';
	return p;
}

static char *address_text(const struct field *field, const struct record *record, char *p,
			  const char *end)
{
	struct pulsar_address a = load(field, record);
	bool brackets = !is_ip4(&a);

	(void)end;
	if (a.family != AF_INET && a.family != AF_INET6)
		return put_lit(p, "-");
	if (brackets)
		*p++ = '[';
	p = put_ip(p, &a);
	if (a.scope && brackets) {
		*p++ = '%';
		p = put_u64(p, a.scope);
	}
	if (brackets)
		*p++ = ']';
	*p++ = ':';
	return put_u64(p, a.port);
}

const struct decoder decode_address = {
	.size = sizeof(struct pulsar_address),
	.room = 96,
	.json = address_json,
	.text = address_text,
};
