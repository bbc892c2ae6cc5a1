// SPDX-License-Identifier: Apache-2.0
/* Addresses to listen at. */
#include <criterion/criterion.h>
#include <errno.h>

#include "listen.h"

static const struct {
	const char *text, *meant; /* NULL: it is wrong */
} rows[] = {
	{ "9745", "127.0.0.1:9745" },
	{ ":9745", "127.0.0.1:9745" },
	{ "0.0.0.0:80", "0.0.0.0:80" },
	{ "[::1]:9745", "[::1]:9745" },
	{ "[::]:0", "[::]:0" },
	{ "", NULL },
	{ ":", NULL },
	{ "x", NULL },
	{ "-1", NULL },
	{ "70000", NULL },
	{ "localhost:80", NULL },
	{ "::1:80", NULL },
	{ "[::1]", NULL },
	{ "[::1:80", NULL },
	{ "1.2.3:x", NULL },
	{ "1.2.3.4.5:80", NULL },
	{ "80 ", NULL },
};

Test(listen, an_address_and_a_port_are_read_as_they_are_written)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sockaddr_storage address;
		char text[LISTEN_TEXT];
		socklen_t len;
		int err = listen_parse(rows[i].text, &address, &len);

		cr_expect_eq(err, rows[i].meant ? 0 : -EINVAL, "'%s'", rows[i].text);
		if (err || !rows[i].meant)
			continue;
		listen_text(&address, text);
		cr_expect_str_eq(text, rows[i].meant);
	}
}
