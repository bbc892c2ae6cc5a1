// SPDX-License-Identifier: Apache-2.0
/* IP addresses as text: see ip.h. */
#include "ip.h"

#include <string.h>

#include "../put.h"

char *ip4_put(char *p, const uint8_t *ip)
{
	for (int i = 0; i < 4; i++) {
		p = put_u64(p, ip[i]);
		*p++ = '.';
	}
	return p - 1;
}

static unsigned int group(const uint8_t *ip, int i)
{
	return ip[2 * i] << 8 | ip[2 * i + 1];
}

/* The first of the longest runs of zero groups; *len is 0 if none has two. */
static int longest_zeros(const uint8_t *ip, int *len)
{
	int start = 8, run = 0;

	*len = 0;
	for (int i = 0; i < 8; i++) {
		run = group(ip, i) ? 0 : run + 1;
		if (run > *len && run >= 2) {
			*len = run;
			start = i + 1 - run;
		}
	}
	return start;
}

static char *put_group(char *p, unsigned int x)
{
	for (int shift = 12; shift >= 0; shift -= 4) {
		if (x >> shift || !shift)
			*p++ = "0123456789abcdef"[x >> shift & 0xf];
	}
	return p;
}

char *ip6_put(char *p, const uint8_t *ip)
{
	int len, zeros = longest_zeros(ip, &len);

	for (int i = 0; i < 8; i++) {
		if (i == zeros) {
			p = put_lit(p, "::");
			i += len - 1;
			continue;
		}
		if (i && i != zeros + len)
			*p++ = ':';
		p = put_group(p, group(ip, i));
	}
	return p;
}

bool ip6_is_mapped(const uint8_t *ip)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(ip, prefix, sizeof(prefix));
}
