// SPDX-License-Identifier: Apache-2.0
/* From BTF to the schema: a golden table, and everything that cannot be a field. */
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

/* ---- the golden table ---- */

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

/* ---- what cannot be described ---- */

/* BTF made by hand: one event struct, whose second member the row adds. */
struct made {
	struct btf *btf;
	int u32, s32, u64, character, event, string;
	int row; /* the struct */
};

static void made_init(struct made *m, const char *name, __u32 event_size)
{
	m->btf = btf__new_empty();
	cr_assert(m->btf);
	m->u32 = btf__add_int(m->btf, "unsigned int", 4, 0);
	m->s32 = btf__add_int(m->btf, "int", 4, BTF_INT_SIGNED);
	m->u64 = btf__add_int(m->btf, "unsigned long long", 8, 0);
	m->character = btf__add_int(m->btf, "char", 1, BTF_INT_SIGNED);
	m->event = btf__add_struct(m->btf, "pulsar_event", event_size);
	m->string = btf__add_struct(m->btf, "pulsar_string", 8);
	m->row = btf__add_struct(m->btf, name, 256);
	cr_assert(btf__add_field(m->btf, "event", m->event, 0, 0) == 0);
}

static void member(struct made *m, const char *name, int type, __u32 bytes, __u32 bits)
{
	cr_assert_eq(btf__add_field(m->btf, name, type, 8 * bytes, bits), 0, "%s", name);
}

static void tag(struct made *m, int index, const char *text)
{
	cr_assert(btf__add_decl_tag(m->btf, text, m->row, index) > 0);
}

/* Types must be there before the struct is: libbpf adds members to the newest type only. */
static void struct_with(struct made *m, int type)
{
	m->row = btf__add_struct(m->btf, "row", 256);
	cr_assert(btf__add_field(m->btf, "event", m->event, 0, 0) == 0);
	member(m, "odd", type, 96, 0);
}

static void a_pointer(struct made *m)
{
	struct_with(m, btf__add_ptr(m->btf, m->u32));
}

static void a_struct(struct made *m)
{
	struct_with(m, btf__add_struct(m->btf, "path", 16));
}

static void a_union(struct made *m)
{
	struct_with(m, btf__add_union(m->btf, "either", 16));
}

static void a_float(struct made *m)
{
	struct_with(m, btf__add_float(m->btf, "double", 8));
}

static void an_integer_of_16_bytes(struct made *m)
{
	struct_with(m, btf__add_int(m->btf, "__int128", 16, 0));
}

static void an_array_of_unsigned_int(struct made *m)
{
	struct_with(m, btf__add_array(m->btf, m->u32, m->u32, 4));
}

static void an_array_of_nothing(struct made *m)
{
	struct_with(m, btf__add_array(m->btf, m->u32, m->character, 0));
}

static void a_string_of_another_abi(struct made *m)
{
	struct_with(m, btf__add_struct(m->btf, "pulsar_bytes", 16));
}

static void a_type_that_is_not_there(struct made *m)
{
	struct_with(m, 999);
}

static void a_circle_of_typedefs(struct made *m)
{
	int next = (int)btf__type_cnt(m->btf) + 1;

	btf__add_typedef(m->btf, "a", next);
	btf__add_typedef(m->btf, "b", next - 1);
	struct_with(m, next);
}

static void a_bit_field(struct made *m)
{
	member(m, "odd", m->u32, 96, 3);
}

static void an_offset_beyond_the_struct(struct made *m)
{
	member(m, "odd", m->u32, 254, 0);
}

static void an_offset_in_the_header(struct made *m)
{
	member(m, "odd", m->u32, 8, 0);
}

static void a_long_name(struct made *m)
{
	member(m, "a234567890123456789012345678901234567890", m->u32, 96, 0);
}

static void no_name(struct made *m)
{
	member(m, NULL, m->u32, 96, 0);
}

static void an_unknown_tag(struct made *m)
{
	member(m, "odd", m->u32, 96, 0);
	tag(m, 1, "pulsar:colour");
}

static void errno_on_unsigned(struct made *m)
{
	member(m, "odd", m->u32, 96, 0);
	tag(m, 1, "pulsar:errno");
}

static void time_of_4_bytes(struct made *m)
{
	member(m, "odd", m->u32, 96, 0);
	tag(m, 1, "pulsar:time");
}

static void flags_on_an_integer(struct made *m)
{
	member(m, "odd", m->u32, 96, 0);
	tag(m, 1, "pulsar:flags");
}

static void dns_on_a_string(struct made *m)
{
	member(m, "odd", m->string, 96, 0);
	tag(m, 1, "pulsar:dns");
}

static void two_kinds(struct made *m)
{
	member(m, "odd", m->u64, 96, 0);
	tag(m, 1, "pulsar:hex");
	tag(m, 1, "pulsar:time");
}

static void two_mains(struct made *m)
{
	member(m, "one", m->u32, 96, 0);
	member(m, "two", m->u32, 100, 0);
	tag(m, 1, "pulsar:main");
	tag(m, 2, "pulsar:main");
}

static void two_structs_of_one_name(struct made *m)
{
	struct_with(m, m->u32);
}

static void a_table_of_numbers(struct made *m)
{
	int pointer = btf__add_ptr(m->btf, m->u32);
	int map, var;

	map = btf__add_struct(m->btf, NULL, 8);
	cr_assert_eq(btf__add_field(m->btf, "value", pointer, 0, 0), 0);
	var = btf__add_var(m->btf, "counts", BTF_VAR_GLOBAL_ALLOCATED, map);
	cr_assert(btf__add_decl_tag(m->btf, "pulsar:table", var, -1) > 0);
}

static const struct {
	const char *name; /* of the struct */
	void (*add)(struct made *m);
	const char *error;
} wrong_rows[] = {
	{ "x", a_pointer, "struct row: member odd: pointer cannot be a field" },
	{ "x", a_struct, "struct row: member odd: struct path cannot be a field" },
	{ "x", a_union, "struct row: member odd: union either cannot be a field" },
	{ "x", a_float, "struct row: member odd: floating point number double cannot be a field" },
	{ "x", an_integer_of_16_bytes, "struct row: member odd: type __int128 cannot be a field" },
	{ "x", an_array_of_unsigned_int, "struct row: member odd: array of" },
	{ "x", an_array_of_nothing, "struct row: member odd: array of" },
	{ "x", a_string_of_another_abi, "struct row: member odd: struct pulsar_bytes cannot" },
	{ "x", a_type_that_is_not_there, "struct row: member odd: its type is missing" },
	{ "x", a_circle_of_typedefs, "struct row: member odd: its type is missing" },
	{ "row", a_bit_field, "struct row: member odd: a bit field cannot be a field" },
	{ "row", an_offset_beyond_the_struct, "struct row: member odd: it lies outside" },
	{ "row", an_offset_in_the_header, "struct row: member odd: it lies outside" },
	{ "row", a_long_name, "its name is longer than 39 bytes" },
	{ "row", no_name, "struct row: member : it has no name" },
	{ "row", an_unknown_tag, "struct row: member odd: there is no tag pulsar:colour" },
	{ "row", errno_on_unsigned, "member odd: tag pulsar:errno is for a signed integer" },
	{ "row", time_of_4_bytes, "tag pulsar:time is for an unsigned integer of 8 bytes" },
	{ "row", flags_on_an_integer, "member odd: tag pulsar:flags is for an enum" },
	{ "row", dns_on_a_string, "member odd: tag pulsar:dns is for a struct pulsar_bytes" },
	{ "row", two_kinds, "member odd: tag pulsar:time is for an unsigned integer of 8" },
	{ "row", two_mains, "struct row: more than one member is pulsar:main" },
	{ "row", two_structs_of_one_name, "struct row: there are two events Row" },
	{ "row", a_table_of_numbers, "map counts: tag pulsar:table: its values are not events" },
	{ "a23456789012345678901234567890123456789012", NULL, "its name is longer than" },
};

Test(schema, what_cannot_be_described_is_named_with_struct_member_and_type)
{
	for (size_t i = 0; i < sizeof(wrong_rows) / sizeof(*wrong_rows); i++) {
		struct schema schema = { 0 };
		struct pin_error error = { "" };
		struct made m;

		made_init(&m, wrong_rows[i].name, sizeof(struct pulsar_event));
		if (wrong_rows[i].add)
			wrong_rows[i].add(&m);
		cr_expect_eq(schema_build(m.btf, "m", 1, &schema, &error), -EINVAL, "row %zu", i);
		cr_expect(strstr(error.text, wrong_rows[i].error),
			  "row %zu: expected \"%s\", found \"%s\"", i, wrong_rows[i].error,
			  error.text);
		cr_expect_null(schema.fields);
		btf__free(m.btf);
	}
}

Test(schema, a_header_of_another_size_is_of_another_abi)
{
	struct schema schema = { 0 };
	struct pin_error error = { "" };
	struct made m;

	made_init(&m, "row", sizeof(struct pulsar_event) + 8);
	cr_expect_eq(schema_build(m.btf, "m", 1, &schema, &error), -EINVAL);
	cr_expect(strstr(error.text, "not that of this ABI"), "%s", error.text);
	btf__free(m.btf);
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

Test(schema, tags_of_others_are_passed_over)
{
	struct schema schema = { 0 };
	struct pin_error error = { "" };
	struct made m;

	made_init(&m, "row", sizeof(struct pulsar_event));
	member(&m, "fine", m.u32, 96, 0);
	tag(&m, 1, "kernel:something");
	cr_assert_eq(schema_build(m.btf, "m", 1, &schema, &error), 0, "%s", error.text);
	cr_expect_eq(schema.fields[2].kind, PULSAR_KIND_UINT);
	schema_release(&schema);
	btf__free(m.btf);
}
