// SPDX-License-Identifier: Apache-2.0
/* Kind TIME: CLOCK_BOOTTIME nanoseconds as a date; 0 is no time at all. */
#include "../clock.h"
#include "../put.h"
#include "decode.h"

static char *time_json(const struct field *field, const struct record *record, char *p,
		       const char *end)
{
	uint64_t time_ns = field_unsigned(field, record);

	(void)end;
	if (!time_ns)
		return put_lit(p, "null");
	*p++ = '"';
	p = clock_rfc3339(record->clock, p, time_ns);
	*p++ = '"';
	return p;
}

static char *time_text(const struct field *field, const struct record *record, char *p,
		       const char *end)
{
	uint64_t time_ns = field_unsigned(field, record);

	(void)end;
	return time_ns ? clock_rfc3339(record->clock, p, time_ns) : put_lit(p, "-");
}

const struct decoder decode_time = {
	.size = 8,
	.room = CLOCK_RFC3339_LEN + 2,
	.json = time_json,
	.text = time_text,
};
