// SPDX-License-Identifier: Apache-2.0
/*
 * Any schema and any record. The input: one byte with the number of schema
 * entries, the entries, the record.
 */
#include <linux/types.h>
#include <pulsar/schema.h>

#include "encode.h"
#include "valid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of its own and just its size, so that reading beyond it is noticed. */
static void *copy(const uint8_t *data, size_t size)
{
	void *bytes = malloc(size ? size : 1);

	valid_must(bytes != NULL);
	memcpy(bytes, data, size);
	return bytes;
}

static void check_line(struct out *out, enum encode_result result,
		       void (*valid)(const char *bytes, size_t len))
{
	if (result == LINE_OK) {
		valid_must(out->len > 0 && out->data[out->len - 1] == '\n');
		valid(out->data, out->len - 1);
	} else {
		valid_must(out->len == 0 && result != LINE_FULL);
	}
	out->len = 0;
}

static void encode(struct plan *plan, const uint8_t *data, size_t size)
{
	static struct clock_map clock;
	static struct out out;
	void *record = copy(data, size);
	const struct encode_loss loss = { .cause = PULSAR_LOST_OTHER, .count = size };

	if (!out.data)
		valid_must(out_init(&out, OUT_CAPACITY) == 0);
	check_line(&out, encode_json(plan, &clock, record, size, 0, &out), valid_json);
	check_line(&out, encode_text(plan, &clock, record, size, 0, &out, false), valid_text);
	check_line(&out, encode_lost_json(plan, &clock, &loss, &out), valid_json);
	free(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t count, schema_size;
	struct pulsar_field *fields;
	struct plan *plan;
	char error[200];

	if (size < 1)
		return 0;
	count = data[0];
	schema_size = count * sizeof(*fields);
	data++;
	size--;
	if (size < schema_size)
		return 0;
	fields = copy(data, schema_size);
	plan = plan_new(fields, count, error, sizeof(error));
	free(fields);
	if (plan)
		encode(plan, data + schema_size, size - schema_size);
	plan_free(plan);
	return 0;
}
