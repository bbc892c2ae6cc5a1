// SPDX-License-Identifier: Apache-2.0
/* The block that lines are gathered in: see out.h. */
#include "out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int out_init(struct out *out, size_t capacity)
{
	char *data = malloc(capacity + OUT_SLACK);

	if (!data)
		return -ENOMEM;
	*out = (struct out){ .data = data, .capacity = capacity };
	return 0;
}

void out_consume(struct out *out, size_t len)
{
	out->len -= len;
	if (out->len)
		memmove(out->data, out->data + len, out->len);
}

void out_release(struct out *out)
{
	if (!out)
		return;
	free(out->data);
	*out = (struct out){ 0 };
}
