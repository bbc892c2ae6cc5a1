// SPDX-License-Identifier: Apache-2.0
/* What DNS messages are made of: integers, names, character strings. See dns.h. */
#include "../put.h"
#include "dns.h"

#define NAME_MAX_LEN 255 /* RFC 1035, 2.3.4: length bytes included */
#define POINTERS_MAX 127 /* a name has not more labels: nor does it need more pointers */

bool dns_take16(struct dns *dns, uint16_t *x)
{
	const uint8_t *at = dns->msg + dns->at;

	if (dns->len - dns->at < 2)
		return false;
	*x = at[0] << 8 | at[1];
	dns->at += 2;
	return true;
}

bool dns_take32(struct dns *dns, uint32_t *x)
{
	uint16_t high, low;

	if (dns->len - dns->at < 4 || !dns_take16(dns, &high) || !dns_take16(dns, &low))
		return false;
	*x = (uint32_t)high << 16 | low;
	return true;
}

static char *put_backslash(const struct dns *dns, char *p)
{
	*p++ = '\\';
	if (dns->json)
		*p++ = '\\';
	return p;
}

/* A byte that cannot stand as it is: \. or \003 */
static char *put_escaped(const struct dns *dns, char *p, uint8_t c)
{
	p = put_backslash(dns, p);
	if (c < '!' || c > '~') {
		*p++ = '0' + c / 100;
		return put_pair(p, c % 100);
	}
	if (dns->json && (c == '"' || c == '\\'))
		*p++ = '\\';
	*p++ = c;
	return p;
}

static char *put_label(const struct dns *dns, char *p, const uint8_t *label, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = label[i];

		if (c < '!' || c > '~' || c == '.' || c == '\\' || c == '"')
			p = put_escaped(dns, p, c);
		else
			*p++ = c;
	}
	return p;
}

char *dns_put_text(const struct dns *dns, char *p, const uint8_t *s, size_t len)
{
	const char *quote = dns->json ? "\\\"" : "\"";

	p = put_mem(p, quote, strlen(quote));
	for (size_t i = 0; i < len; i++) {
		if (s[i] < ' ' || s[i] > '~' || s[i] == '\\' || s[i] == '"')
			p = put_escaped(dns, p, s[i]);
		else
			*p++ = s[i];
	}
	return put_mem(p, quote, strlen(quote));
}

/*
 * Follows a pointer at *at. It must lead before where this part of the name began: each
 * one further to the front, so there is no loop.
 */
static bool follow_pointer(const struct dns *dns, size_t *at, size_t part)
{
	size_t target;

	if (dns->len - *at < 2)
		return false;
	target = (dns->msg[*at] & 0x3f) << 8 | dns->msg[*at + 1];
	if (target >= part)
		return false;
	*at = target;
	return true;
}

char *dns_put_name(struct dns *dns, char *p)
{
	size_t at = dns->at, part = at, behind = 0, total = 1;
	unsigned int pointers = 0;
	char *start = p;

	for (;;) {
		unsigned int len;

		if (at >= dns->len)
			return NULL;
		len = dns->msg[at];
		if (len == 0)
			break;
		if (len >= 0xc0) {
			behind = behind ? behind : at + 2;
			if (++pointers > POINTERS_MAX || !follow_pointer(dns, &at, part))
				return NULL;
			part = at;
			continue;
		}
		total += len + 1;
		if (len > 63 || total > NAME_MAX_LEN || dns->len - at <= len)
			return NULL;
		p = put_label(dns, p, dns->msg + at + 1, len);
		*p++ = '.';
		at += len + 1;
	}
	dns->at = behind ? behind : at + 1;
	return p == start ? put_lit(p, ".") : p - 1;
}
