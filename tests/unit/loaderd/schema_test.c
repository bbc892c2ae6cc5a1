// SPDX-License-Identifier: Apache-2.0
/* From BTF to the schema: a golden table. What cannot be a field: schema_refused_test.c. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema.h"

static const char *const kind_names[] = {
	[PULSAR_KIND_SCHEMA] = "SCHEMA",
	[PULSAR_KIND_EVENT] = "EVENT",
	[PULSAR_KIND_ENUMERATOR] = "ENUMERATOR",
	[PULSAR_KIND_TABLE] = "TABLE",
	[PULSAR_KIND_UINT] = "UINT",
	[PULSAR_KIND_INT] = "INT",
	[PULSAR_KIND_BOOL] = "BOOL",
	[PULSAR_KIND_HEX] = "HEX",
	[PULSAR_KIND_ENUM] = "ENUM",
	[PULSAR_KIND_FLAGS] = "FLAGS",
	[PULSAR_KIND_ERRNO] = "ERRNO",
	[PULSAR_KIND_MODE] = "MODE",
	[PULSAR_KIND_SIGNAL] = "SIGNAL",
	[PULSAR_KIND_TIME] = "TIME",
	[PULSAR_KIND_CHARS] = "CHARS",
	[PULSAR_KIND_STRING] = "STRING",
	[PULSAR_KIND_BYTES] = "BYTES",
	[PULSAR_KIND_STRINGS] = "STRINGS",
	[PULSAR_KIND_ADDRESS] = "ADDRESS",
	[PULSAR_KIND_DNS] = "DNS",
	[PULSAR_KIND_CAPABILITIES] = "CAPABILITIES",
	[PULSAR_KIND_SYSCALL] = "SYSCALL",
	[PULSAR_KIND_OPTIONAL] = "OPTIONAL",
};

/* Which event it is, 1 for the first: the numbers themselves depend on the compiler. */
static unsigned int event_of(const struct schema *schema, __u32 type)
{
	unsigned int n = 0;

	for (size_t i = 0; i < schema->count; i++) {
		n += schema->fields[i].kind == PULSAR_KIND_EVENT;
		if (schema->fields[i].kind == PULSAR_KIND_EVENT && schema->fields[i].event == type)
			return n;
	}
	return 0;
}

static void print_field(FILE *to, const struct schema *schema, const struct pulsar_field *f)
{
	fprintf(to, "%s %s", kind_names[f->kind], f->name);
	if (f->kind == PULSAR_KIND_SCHEMA)
		fprintf(to, " abi %u generation %lld", f->event, f->value);
	else if (f->kind == PULSAR_KIND_ENUMERATOR)
		fprintf(to, " of %u: %llx under %llx", f->group, f->value, f->mask);
	else
		fprintf(to, " of %u at %u+%u%s", event_of(schema, f->event), f->offset, f->size,
			f->flags & PULSAR_FIELD_MAIN ? " main" : "");
	if (f->group && f->kind != PULSAR_KIND_ENUMERATOR)
		fprintf(to, " group %u", f->group);
	fputc('\n', to);
}

static char *print_schema(const struct schema *schema)
{
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	cr_assert(to);
	for (size_t i = 0; i < schema->count; i++)
		print_field(to, schema, &schema->fields[i]);
	fclose(to);
	return text;
}

static const char golden[] = "SCHEMA every-kind abi 1 generation 3\n"
			     "EVENT SecondEvent of 1 at 0+96\n"
			     "EVENT EveryKind of 2 at 0+264\n"
			     "UINT u8 of 2 at 96+1\n"
			     "UINT u16 of 2 at 98+2\n"
			     "UINT u64 of 2 at 104+8\n"
			     "INT s8 of 2 at 112+1\n"
			     "INT s32 of 2 at 116+4\n"
			     "INT s64 of 2 at 120+8\n"
			     "BOOL truth of 2 at 128+1\n"
			     "BOOL tagged_truth of 2 at 129+1\n"
			     "MODE mode of 2 at 130+2\n"
			     "HEX hex of 2 at 132+4\n"
			     "ENUM colour of 2 at 136+4 group 1\n"
			     "FLAGS how of 2 at 140+4 group 2\n"
			     "FLAGS plain of 2 at 144+4 group 3\n"
			     "ENUM how_number of 2 at 148+4 group 4\n"
			     "ERRNO err of 2 at 152+4\n"
			     "SIGNAL signal of 2 at 156+4\n"
			     "TIME when of 2 at 168+8\n"
			     "CHARS name of 2 at 176+12\n"
			     "STRING path of 2 at 188+8 main\n"
			     "BYTES blob of 2 at 196+8\n"
			     "DNS question of 2 at 204+8\n"
			     "STRINGS argv of 2 at 212+8\n"
			     "ADDRESS peer of 2 at 220+24\n"
			     "CAPABILITIES gained of 2 at 248+8\n"
			     "SYSCALL number of 2 at 256+4\n"
			     "OPTIONAL perhaps of 2 at 260+4\n"
			     "TABLE numbers of 1 at 0+0\n"
			     "ENUMERATOR RED of 1: 0 under ffffffffffffffff\n"
			     "ENUMERATOR GREEN of 1: 7 under ffffffffffffffff\n"
			     "ENUMERATOR BLUE of 1: ffffffff under ffffffffffffffff\n"
			     "ENUMERATOR HOW_READ of 2: 0 under 3\n"
			     "ENUMERATOR HOW_WRITE of 2: 1 under 3\n"
			     "ENUMERATOR HOW_BOTH of 2: 2 under 3\n"
			     "ENUMERATOR HOW_CREATE of 2: 40 under 40\n"
			     "ENUMERATOR HOW_SYNC of 2: 1010 under 1010\n"
			     "ENUMERATOR PLAIN_NONE of 3: 0 under ffffffffffffffff\n"
			     "ENUMERATOR PLAIN_ONE of 3: 1 under 1\n"
			     "ENUMERATOR HOW_MASK of 4: 3 under ffffffffffffffff\n"
			     "ENUMERATOR HOW_READ of 4: 0 under ffffffffffffffff\n"
			     "ENUMERATOR HOW_WRITE of 4: 1 under ffffffffffffffff\n"
			     "ENUMERATOR HOW_BOTH of 4: 2 under ffffffffffffffff\n"
			     "ENUMERATOR HOW_CREATE of 4: 40 under ffffffffffffffff\n"
			     "ENUMERATOR HOW_SYNC of 4: 1010 under ffffffffffffffff\n";

Test(schema, every_kind_of_field_has_its_entry)
{
	struct bpf_object *object =
		bpf_object__open_file(PULSAR_TEST_BPF_DIR "/every-kind.bpf.o", NULL);
	struct schema schema = { 0 };
	struct pin_error error;
	char *text;

	cr_assert(object, "%s", strerror(errno));
	cr_assert_eq(schema_build(bpf_object__btf(object), "every-kind", 3, &schema, &error), 0,
		     "%s", error.text);
	text = print_schema(&schema);
	cr_expect_str_eq(text, golden);
	cr_expect_eq(schema.events, 2);
	free(text);
	schema_release(&schema);
	bpf_object__close(object);
}

Test(schema, an_object_without_events_has_an_empty_schema)
{
	struct schema schema = { 0 };
	struct pin_error error = { "" };
	struct btf *btf = btf__new_empty();

	cr_assert(btf);
	cr_assert_eq(schema_build(btf, "core", 1, &schema, &error), 0, "%s", error.text);
	cr_expect_eq(schema.events, 0);
	cr_expect_eq(schema.count, 1);
	schema_release(&schema);
	btf__free(btf);
}
