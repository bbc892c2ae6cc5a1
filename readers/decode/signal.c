// SPDX-License-Identifier: Apache-2.0
/* Kind SIGNAL: "SIGKILL"; no signal is null; a number without a name stays one. */
#include <signal.h>

#include "../put.h"
#include "decode.h"

/* The kernel's first one is 32, but the C library keeps two for itself: signal(7). */
#define RT_FIRST 34
#define RT_LAST	 64

/* Appends nothing if there is no name. */
static char *put_name(char *p, uint64_t number)
{
	const char *name;

	if (number >= RT_FIRST && number <= RT_LAST) {
		p = put_lit(p, "SIGRTMIN");
		if (number == RT_FIRST)
			return p;
		*p++ = '+';
		return put_u64(p, number - RT_FIRST);
	}
	name = number < RT_FIRST ? sigabbrev_np(number) : NULL;
	if (!name)
		return p;
	p = put_lit(p, "SIG");
	return put_mem(p, name, strlen(name));
}

static char *signal_json(const struct field *field, const struct record *record, char *p,
			 const char *end)
{
	uint64_t number = field_unsigned(field, record);
	char *named = put_name(p + 1, number);

	(void)end;
	if (!number)
		return put_lit(p, "null");
	if (named == p + 1)
		return put_u64(p, number);
	*p = '"';
	*named++ = '"';
	return named;
}

static char *signal_text(const struct field *field, const struct record *record, char *p,
			 const char *end)
{
	uint64_t number = field_unsigned(field, record);
	char *named = put_name(p, number);

	(void)end;
	if (!number)
		return put_lit(p, "-");
	return named == p ? put_u64(p, number) : named;
}

const struct decoder decode_signal = {
	.size = ANY_INTEGER,
	.room = 32,
	.json = signal_json,
	.text = signal_text,
};
