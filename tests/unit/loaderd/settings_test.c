// SPDX-License-Identifier: Apache-2.0
/* Settings into .rodata, by the types that BTF tells. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "settings.h"

static struct bpf_object *object;

static void open_object(void)
{
	object = bpf_object__open_file(PULSAR_TEST_BPF_DIR "/every-kind.bpf.o", NULL);
	cr_assert(object, "%s", strerror(errno));
}

static void close_object(void)
{
	bpf_object__close(object);
}

TestSuite(settings, .init = open_object, .fini = close_object);

/* Where the value of a variable lies now. */
static const void *value_of(const char *name)
{
	const struct btf *btf = bpf_object__btf(object);
	int section = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	int var = btf__find_by_name_kind(btf, name, BTF_KIND_VAR);
	const struct btf_type *t = btf__type_by_id(btf, section);
	size_t size;
	const char *data =
		bpf_map__initial_value(bpf_object__find_map_by_name(object, ".rodata"), &size);

	for (int i = 0; i < btf_vlen(t); i++)
		if (btf_var_secinfos(t)[i].type == (__u32)var)
			return data + btf_var_secinfos(t)[i].offset;
	cr_assert_fail("no variable %s", name);
	return NULL;
}

static void expect_set(const char *name, const char *value, const void *bytes, size_t size)
{
	struct pin_error error = { "" };

	cr_assert_eq(settings_set(object, name, value, &error), 0, "%s", error.text);
	cr_expect_arr_eq(value_of(name), bytes, size, "%s = %s", name, value);
}

Test(settings, values_are_stored_by_type)
{
	const uint8_t u8 = 255;
	const int16_t s16 = -32768;
	const uint32_t u32 = 0x10;
	const int64_t s64 = INT64_MIN;
	const uint64_t u64 = UINT64_MAX;
	const uint8_t no = 0;
	const char text[8] = "new";
	const uint16_t ports[4] = { 1, 65535 };
	const uint16_t none[4] = { 0 };

	expect_set("set_u8", "255", &u8, sizeof(u8));
	expect_set("set_s16", "-32768", &s16, sizeof(s16));
	expect_set("set_u32", "0x10", &u32, sizeof(u32));
	expect_set("set_s64", "-9223372036854775808", &s64, sizeof(s64));
	expect_set("set_u64", "18446744073709551615", &u64, sizeof(u64));
	expect_set("set_bool", "off", &no, sizeof(no));
	expect_set("set_text", "new", text, sizeof(text));
	expect_set("set_ports", "1, 65535", ports, sizeof(ports));
	expect_set("set_ports", "", none, sizeof(none));
}

static const struct {
	const char *name;
	const char *value;
	int err;
	const char *text;
} wrong_rows[] = {
	{ "set_u8", "256", -EINVAL, "set_u8: '256' is not between 0 and 255" },
	{ "set_u8", "-1", -EINVAL, "set_u8: '-1' is not a number" },
	{ "set_s16", "32768", -EINVAL, "set_s16: '32768' is not between -32768 and 32767" },
	{ "set_s16", "-32769", -EINVAL, "set_s16: '-32769' is not between -32768 and 32767" },
	{ "set_u64", "18446744073709551616", -EINVAL,
	  "set_u64: '18446744073709551616' is not between 0 and 18446744073709551615" },
	{ "set_u32", "many", -EINVAL, "set_u32: 'many' is not a number" },
	{ "set_bool", "2", -EINVAL, "set_bool: '2' is neither yes nor no" },
	{ "set_text", "12345678", -EINVAL, "set_text: longer than 7 bytes" },
	{ "set_ports", "1 2 3 4 5", -EINVAL, "set_ports: more than 4 values" },
	{ "set_ports", "1 65536", -EINVAL, "set_ports: '65536' is not between 0 and 65535" },
	{ "set_colour", "7", -EOPNOTSUPP, "set_colour: neither an integer nor" },
	{ "set_by_compiler", "1", -ENOENT, "set_by_compiler: the module has no such setting" },
	{ "pulsar_cpus", "1", -ENOENT, "pulsar_cpus: the module has no such setting; it has" },
	{ "no_such", "1", -ENOENT, "set_u8 set_s16 set_u32 set_s64 set_u64 set_bool set_text" },
};

Test(settings, what_does_not_fit_is_named)
{
	for (size_t i = 0; i < sizeof(wrong_rows) / sizeof(*wrong_rows); i++) {
		struct pin_error error = { "" };

		cr_expect_eq(settings_set(object, wrong_rows[i].name, wrong_rows[i].value, &error),
			     wrong_rows[i].err, "row %zu: %s", i, error.text);
		cr_expect(strstr(error.text, wrong_rows[i].text), "row %zu: \"%s\" in \"%s\"", i,
			  wrong_rows[i].text, error.text);
	}
}

Test(settings, loaderds_own_values_are_entered_where_they_are_asked_for)
{
	const __u32 cpus = 64;
	struct pin_error error = { "" };

	cr_assert_eq(settings_set_own(object, "pulsar_cpus", cpus, &error), 0, "%s", error.text);
	cr_expect_arr_eq(value_of("pulsar_cpus"), &cpus, sizeof(cpus));
	cr_expect_eq(settings_set_own(object, "pulsar_no_such", 1, &error), 0);
	cr_expect_eq(settings_set_own(object, "set_u8", 1, &error), -EINVAL);
}
