// SPDX-License-Identifier: Apache-2.0
/* Everything in BTF that cannot be a field, and what is no concern of the schema's. */
#include <bpf/btf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "schema.h"

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

/* A member of that type, with that tag. */
static void odd(struct made *m, int type, const char *text)
{
	member(m, "odd", type, 96, 0);
	tag(m, 1, text);
}

static void an_unknown_tag(struct made *m)
{
	odd(m, m->u32, "pulsar:colour");
}

static void errno_on_unsigned(struct made *m)
{
	odd(m, m->u32, "pulsar:errno");
}

static void time_of_4_bytes(struct made *m)
{
	odd(m, m->u32, "pulsar:time");
}

static void flags_on_an_integer(struct made *m)
{
	odd(m, m->u32, "pulsar:flags");
}

static void dns_on_a_string(struct made *m)
{
	odd(m, m->string, "pulsar:dns");
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
