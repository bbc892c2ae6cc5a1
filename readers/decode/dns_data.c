// SPDX-License-Identifier: Apache-2.0
/* The data of DNS resource records, by type, in the format of zone files. See dns.h. */
#include "../put.h"
#include "dns.h"
#include "ip.h"

/*
 * Reads data that ends at `end`, appends it. NULL if it is not what it should be; that
 * it ends there, and not before or behind, the caller looks after.
 */
typedef char *(*put_data_fn)(struct dns *dns, char *p, size_t end);

static char *put_a(struct dns *dns, char *p, size_t end)
{
	if (end - dns->at != 4)
		return NULL;
	p = ip4_put(p, dns->msg + dns->at);
	dns->at = end;
	return p;
}

static char *put_aaaa(struct dns *dns, char *p, size_t end)
{
	if (end - dns->at != 16)
		return NULL;
	p = ip6_put(p, dns->msg + dns->at);
	dns->at = end;
	return p;
}

static char *put_name(struct dns *dns, char *p, size_t end)
{
	(void)end;
	return dns_put_name(dns, p);
}

/* `count` numbers of 16 bits, a blank behind each. */
static char *put_numbers(struct dns *dns, char *p, unsigned int count)
{
	uint16_t x;

	while (count--) {
		if (!dns_take16(dns, &x))
			return NULL;
		p = put_u64(p, x);
		*p++ = ' ';
	}
	return p;
}

static char *put_mx(struct dns *dns, char *p, size_t end)
{
	(void)end;
	p = put_numbers(dns, p, 1);
	return p ? dns_put_name(dns, p) : NULL;
}

static char *put_srv(struct dns *dns, char *p, size_t end)
{
	(void)end;
	p = put_numbers(dns, p, 3);
	return p ? dns_put_name(dns, p) : NULL;
}

/* Two names; serial, refresh, retry, expire, minimum. */
static char *put_soa(struct dns *dns, char *p, size_t end)
{
	uint32_t x;

	(void)end;
	p = dns_put_name(dns, p);
	if (!p)
		return NULL;
	*p++ = ' ';
	p = dns_put_name(dns, p);
	for (int i = 0; i < 5; i++) {
		if (!p || !dns_take32(dns, &x))
			return NULL;
		*p++ = ' ';
		p = put_u64(p, x);
	}
	return p;
}

/* Character strings, each with a length byte; there is at least one. */
static char *put_txt(struct dns *dns, char *p, size_t end)
{
	char *start = p;

	while (dns->at < end) {
		size_t len = dns->msg[dns->at++];

		if (end - dns->at < len)
			return NULL;
		if (p != start)
			*p++ = ' ';
		p = dns_put_text(dns, p, dns->msg + dns->at, len);
		dns->at += len;
	}
	return p == start ? NULL : p;
}

/* ---- SVCB and HTTPS: RFC 9460 ---- */

enum { SVC_ALPN = 1, SVC_NO_DEFAULT_ALPN = 2, SVC_PORT = 3, SVC_IP4HINT = 4, SVC_IP6HINT = 6 };

/* Protocol names, each with a length byte, that need no escape in the list: else NULL. */
static char *put_alpn(char *p, const uint8_t *s, size_t len)
{
	p = put_lit(p, "alpn=");
	for (size_t i = 0; i < len;) {
		size_t end = i + 1 + s[i];

		if (s[i] == 0 || end > len)
			return NULL;
		for (i++; i < end; i++) {
			if (s[i] <= ' ' || s[i] > '~' || strchr(",\"\\", s[i]))
				return NULL;
			*p++ = s[i];
		}
		*p++ = ',';
	}
	return len ? p - 1 : NULL;
}

static char *put_hints(char *p, const uint8_t *s, size_t len, size_t ip_len)
{
	if (!len || len % ip_len)
		return NULL;
	p = ip_len == 4 ? put_lit(p, "ipv4hint=") : put_lit(p, "ipv6hint=");
	for (size_t i = 0; i < len; i += ip_len) {
		p = ip_len == 4 ? ip4_put(p, s + i) : ip6_put(p, s + i);
		*p++ = ',';
	}
	return p - 1;
}

static char *put_port(char *p, const uint8_t *s, size_t len)
{
	if (len != 2)
		return NULL;
	p = put_lit(p, "port=");
	return put_u64(p, s[0] << 8 | s[1]);
}

/* Any parameter can be written so, whatever its value: RFC 9460, 2.1. */
static char *put_any_parameter(const struct dns *dns, char *p, uint16_t key, const uint8_t *s,
			       size_t len)
{
	p = put_lit(p, "key");
	p = put_u64(p, key);
	*p++ = '=';
	return dns_put_text(dns, p, s, len);
}

static char *put_parameter(const struct dns *dns, char *p, uint16_t key, const uint8_t *s,
			   size_t len)
{
	char *known = NULL;

	switch (key) {
	case SVC_ALPN:
		known = put_alpn(p, s, len);
		break;
	case SVC_NO_DEFAULT_ALPN:
		known = len ? NULL : put_lit(p, "no-default-alpn");
		break;
	case SVC_PORT:
		known = put_port(p, s, len);
		break;
	case SVC_IP4HINT:
		known = put_hints(p, s, len, 4);
		break;
	case SVC_IP6HINT:
		known = put_hints(p, s, len, 16);
		break;
	}
	return known ? known : put_any_parameter(dns, p, key, s, len);
}

static char *put_svcb(struct dns *dns, char *p, size_t end)
{
	uint16_t key, len;

	p = put_numbers(dns, p, 1);
	if (!p)
		return NULL;
	p = dns_put_name(dns, p);
	while (p && dns->at < end) {
		if (!dns_take16(dns, &key) || !dns_take16(dns, &len) || dns->at > end ||
		    end - dns->at < len)
			return NULL;
		*p++ = ' ';
		p = put_parameter(dns, p, key, dns->msg + dns->at, len);
		dns->at += len;
	}
	return p;
}

/* ---- which type is which ---- */

/* From the IANA registry "Resource Record (RR) TYPEs"; without put: known by name only. */
static const struct type {
	uint16_t type;
	char name[12];
	put_data_fn put;
} types[] = {
	{ 1, "A", put_a },	   { 2, "NS", put_name },     { 5, "CNAME", put_name },
	{ 6, "SOA", put_soa },	   { 12, "PTR", put_name },   { 13, "HINFO", put_txt },
	{ 15, "MX", put_mx },	   { 16, "TXT", put_txt },    { 28, "AAAA", put_aaaa },
	{ 29, "LOC", NULL },	   { 33, "SRV", put_srv },    { 35, "NAPTR", NULL },
	{ 39, "DNAME", put_name }, { 41, "OPT", NULL },	      { 43, "DS", NULL },
	{ 44, "SSHFP", NULL },	   { 46, "RRSIG", NULL },     { 47, "NSEC", NULL },
	{ 48, "DNSKEY", NULL },	   { 50, "NSEC3", NULL },     { 51, "NSEC3PARAM", NULL },
	{ 52, "TLSA", NULL },	   { 59, "CDS", NULL },	      { 60, "CDNSKEY", NULL },
	{ 64, "SVCB", put_svcb },  { 65, "HTTPS", put_svcb }, { 249, "TKEY", NULL },
	{ 250, "TSIG", NULL },	   { 251, "IXFR", NULL },     { 252, "AXFR", NULL },
	{ 255, "ANY", NULL },	   { 256, "URI", NULL },      { 257, "CAA", NULL },
};

static const struct type *find_type(uint16_t number)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i].type == number)
			return &types[i];
	}
	return NULL;
}

char *dns_put_type(char *p, uint16_t type)
{
	const struct type *t = find_type(type);

	if (t)
		return put_mem(p, t->name, strlen(t->name));
	p = put_lit(p, "TYPE");
	return put_u64(p, type);
}

static char *put_raw(const struct dns *dns, char *p, const uint8_t *s, size_t len)
{
	p = dns->json ? put_lit(p, "\\\\# ") : put_lit(p, "\\# ");
	p = put_u64(p, len);
	if (len)
		*p++ = ' ';
	return put_hex_bytes(p, s, len);
}

char *dns_put_data(struct dns *dns, char *p, uint16_t type, size_t len)
{
	const struct type *t = find_type(type);
	size_t start = dns->at, end = start + len;
	char *known;

	if (t && t->put) {
		known = t->put(dns, p, end);
		if (known && dns->at == end)
			return known;
		dns->malformed = true;
	}
	dns->at = end;
	return put_raw(dns, p, dns->msg + start, len);
}
