// SPDX-License-Identifier: Apache-2.0
/* Each kind of the schema, in both formats. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "decode_lab.h"

/* What one field prints: in JSON after its key, in text as the main field. */
static void check(struct lab *lab, const char *json, const char *text)
{
	char payload[4096];

	snprintf(payload, sizeof(payload), "{\"x\":%s}", json);
	cr_expect_str_eq(lab_payload(lab), payload);
	cr_expect_str_eq(lab_fields_text(lab), text);
	lab_free(lab);
}

static void check_number(enum pulsar_kind kind, size_t size, int64_t value, const char *json,
			 const char *text)
{
	struct lab *lab = lab_new();

	lab_number(lab, kind, "x", size, value);
	check(lab, json, text);
}

static void check_span(enum pulsar_kind kind, const char *bytes, size_t len, const char *json,
		       const char *text)
{
	struct lab *lab = lab_new();

	lab_span(lab, kind, "x", bytes, len, len);
	check(lab, json, text);
}

Test(decode_kinds, unsigned_integers_of_each_size)
{
	check_number(PULSAR_KIND_UINT, 1, -1, "255", "255");
	check_number(PULSAR_KIND_UINT, 2, -1, "65535", "65535");
	check_number(PULSAR_KIND_UINT, 4, -1, "4294967295", "4294967295");
	check_number(PULSAR_KIND_UINT, 8, -1, "18446744073709551615", "18446744073709551615");
	check_number(PULSAR_KIND_UINT, 8, 0, "0", "0");
}

Test(decode_kinds, unsigned_integers_of_each_number_of_digits)
{
	uint64_t x = 1;
	char text[32];

	for (int digits = 1; digits <= 20; digits++, x *= 10) {
		snprintf(text, sizeof(text), "%lu", x);
		check_number(PULSAR_KIND_UINT, 8, x, text, text);
		snprintf(text, sizeof(text), "%lu", x - 1);
		check_number(PULSAR_KIND_UINT, 8, x - 1, text, text);
	}
}

Test(decode_kinds, signed_integers_of_each_size)
{
	check_number(PULSAR_KIND_INT, 1, -128, "-128", "-128");
	check_number(PULSAR_KIND_INT, 2, -2, "-2", "-2");
	check_number(PULSAR_KIND_INT, 4, 2147483647, "2147483647", "2147483647");
	check_number(PULSAR_KIND_INT, 8, INT64_MIN, "-9223372036854775808", "-9223372036854775808");
}

Test(decode_kinds, numbers_that_may_be_missing_are_then_null)
{
	check_number(PULSAR_KIND_OPTIONAL, 4, 0, "0", "0");
	check_number(PULSAR_KIND_OPTIONAL, 8, INT64_MAX, "9223372036854775807",
		     "9223372036854775807");
	check_number(PULSAR_KIND_OPTIONAL, 1, -1, "null", "-");
	check_number(PULSAR_KIND_OPTIONAL, 4, INT32_MIN, "null", "-");
}

Test(decode_kinds, booleans)
{
	check_number(PULSAR_KIND_BOOL, 1, 0, "false", "false");
	check_number(PULSAR_KIND_BOOL, 8, 1ll << 40, "true", "true");
}

Test(decode_kinds, hexadecimal_numbers)
{
	check_number(PULSAR_KIND_HEX, 4, 0, "\"0x0\"", "0x0");
	check_number(PULSAR_KIND_HEX, 4, 0x1f, "\"0x1f\"", "0x1f");
	check_number(PULSAR_KIND_HEX, 8, -1, "\"0xffffffffffffffff\"", "0xffffffffffffffff");
}

Test(decode_kinds, file_modes_are_octal)
{
	check_number(PULSAR_KIND_MODE, 2, 0644, "\"0644\"", "0644");
	check_number(PULSAR_KIND_MODE, 4, 0100755, "\"0100755\"", "0100755");
	check_number(PULSAR_KIND_MODE, 4, 0, "\"0\"", "0");
}

Test(decode_kinds, errors_of_either_sign_have_names)
{
	check_number(PULSAR_KIND_ERRNO, 4, -ENOENT, "\"ENOENT\"", "ENOENT");
	check_number(PULSAR_KIND_ERRNO, 8, EINPROGRESS, "\"EINPROGRESS\"", "EINPROGRESS");
	check_number(PULSAR_KIND_ERRNO, 4, -512, "\"ERESTARTSYS\"", "ERESTARTSYS");
	check_number(PULSAR_KIND_ERRNO, 4, 0, "0", "0");
	check_number(PULSAR_KIND_ERRNO, 4, -4000, "-4000", "-4000");
	check_number(PULSAR_KIND_ERRNO, 4, INT32_MIN, "-2147483648", "-2147483648");
	check_number(PULSAR_KIND_ERRNO, 8, INT64_MIN, "-9223372036854775808",
		     "-9223372036854775808");
}

Test(decode_kinds, signals_have_names_and_none_is_null)
{
	check_number(PULSAR_KIND_SIGNAL, 4, SIGKILL, "\"SIGKILL\"", "SIGKILL");
	check_number(PULSAR_KIND_SIGNAL, 1, 34, "\"SIGRTMIN\"", "SIGRTMIN");
	check_number(PULSAR_KIND_SIGNAL, 1, 64, "\"SIGRTMIN+30\"", "SIGRTMIN+30");
	check_number(PULSAR_KIND_SIGNAL, 4, 0, "null", "-");
	check_number(PULSAR_KIND_SIGNAL, 4, 32, "32", "32");
	check_number(PULSAR_KIND_SIGNAL, 4, -1, "4294967295", "4294967295");
}

Test(decode_kinds, times_are_dates_and_none_is_null)
{
	check_number(PULSAR_KIND_TIME, 8, 1000000001, "\"2026-11-22T15:04:06.000000001Z\"",
		     "2026-11-22T15:04:06.000000001Z");
	check_number(PULSAR_KIND_TIME, 8, 0, "null", "-");
}

Test(decode_kinds, characters_end_at_the_first_nul)
{
	struct lab *lab = lab_new();

	lab_field(lab, PULSAR_KIND_CHARS, "x", "eth0\0old", 8);
	check(lab, "\"eth0\"", "eth0");
	lab = lab_new();
	lab_field(lab, PULSAR_KIND_CHARS, "x", "eightchr", 8);
	check(lab, "\"eightchr\"", "eightchr");
}

Test(decode_kinds, strings)
{
	check_span(PULSAR_KIND_STRING, "/tmp/x", 6, "\"/tmp/x\"", "/tmp/x");
	check_span(PULSAR_KIND_STRING, "", 0, "\"\"", "\"\"");
}

Test(decode_kinds, bytes_are_hexadecimal)
{
	check_span(PULSAR_KIND_BYTES, "\0\x0f\xa0\xff", 4, "\"000fa0ff\"", "000fa0ff");
	check_span(PULSAR_KIND_BYTES, "", 0, "\"\"", "");
}

Test(decode_kinds, vectors_of_strings)
{
	check_span(PULSAR_KIND_STRINGS, "ls\0-l\0a b\0", 10, "[\"ls\",\"-l\",\"a b\"]",
		   "[ls -l \"a b\"]");
	check_span(PULSAR_KIND_STRINGS, "\0\0", 2, "[\"\",\"\"]", "[\"\" \"\"]");
	check_span(PULSAR_KIND_STRINGS, "", 0, "[]", "[]");
	check_span(PULSAR_KIND_STRINGS, "ls\0no end", 9, "[\"ls\",\"no end\"]", "[ls \"no end\"]");
}

Test(decode_kinds, system_calls_have_names)
{
	check_number(PULSAR_KIND_SYSCALL, 4, SYS_openat, "\"openat\"", "openat");
	check_number(PULSAR_KIND_SYSCALL, 8, SYS_read, "\"read\"", "read");
	check_number(PULSAR_KIND_SYSCALL, 4, 1023, "1023", "1023");
	check_number(PULSAR_KIND_SYSCALL, 8, -1, "18446744073709551615", "18446744073709551615");
}

Test(decode_kinds, capabilities)
{
	check_number(PULSAR_KIND_CAPABILITIES, 8, 1ll << 0 | 1ll << 39 | INT64_MIN,
		     "[\"CAP_CHOWN\",\"CAP_BPF\",\"0x8000000000000000\"]",
		     "CAP_CHOWN|CAP_BPF|0x8000000000000000");
	check_number(PULSAR_KIND_CAPABILITIES, 8, 0, "[]", "0");
}

Test(decode_kinds, all_capabilities_have_a_name)
{
	struct lab *lab = lab_new();
	const char *payload;

	lab_number(lab, PULSAR_KIND_CAPABILITIES, "x", 8, -1);
	payload = lab_payload(lab);
	cr_expect_not_null(strstr(payload, "\"CAP_CHECKPOINT_RESTORE\",\"0xfffffe0000000000\"]"),
			   "%s", payload);
	lab_free(lab);
}

Test(decode_kinds, a_kind_of_a_later_version_is_hexadecimal)
{
	struct lab *lab = lab_new();

	lab_field(lab, 999, "x", "\x01\x02\x03", 3);
	check(lab, "\"010203\"", "010203");
}

/* ---- enums and flags ---- */

static void check_enum(size_t size, int64_t value, const char *json, const char *text)
{
	struct lab *lab = lab_new();

	lab_number(lab, PULSAR_KIND_ENUM, "x", size, value)->group = 2;
	lab_enumerator(lab, "OTHER_GROUP", 1, 1, -1);
	lab_enumerator(lab, "TWO", 2, 2, -1);
	lab_enumerator(lab, "ONE", 2, 1, -1);
	lab_enumerator(lab, "EIN", 2, 1, -1);
	lab_enumerator(lab, "ALL_BITS", 2, 0xffffffff, -1);
	lab_enumerator(lab, "OTHER_GROUP", 3, 3, -1);
	check(lab, json, text);
}

Test(decode_kinds, enums_have_the_first_name_of_a_value_or_the_number)
{
	check_enum(4, 1, "\"ONE\"", "ONE");
	check_enum(1, 2, "\"TWO\"", "TWO");
	check_enum(4, -1, "\"ALL_BITS\"", "ALL_BITS");
	check_enum(8, 3, "3", "3");
	check_enum(4, -2, "4294967294", "4294967294");
}

Test(decode_kinds, enums_with_a_negative_name_are_signed)
{
	struct lab *lab = lab_new();

	lab_number(lab, PULSAR_KIND_ENUM, "x", 4, -2)->group = 2;
	lab_number(lab, PULSAR_KIND_ENUM, "y", 2, -1)->group = 2;
	lab_enumerator(lab, "MINUS_ONE", 2, -1, -1);
	cr_expect_str_eq(lab_payload(lab), "{\"x\":-2,\"y\":\"MINUS_ONE\"}");
	lab_free(lab);
}

static void check_flags(size_t size, int64_t value, const char *json, const char *text)
{
	struct lab *lab = lab_new();

	lab_number(lab, PULSAR_KIND_FLAGS, "x", size, value)->group = 1;
	lab_enumerator(lab, "O_RDONLY", 1, 0, 3);
	lab_enumerator(lab, "O_WRONLY", 1, 1, 3);
	lab_enumerator(lab, "O_RDWR", 1, 2, 3);
	lab_enumerator(lab, "O_CREAT", 1, 0100, 0100);
	lab_enumerator(lab, "O_DSYNC", 1, 010000, 010000);
	lab_enumerator(lab, "O_SYNC", 1, 04010000, 04010000);
	lab_enumerator(lab, "HIGH", 1, 1ll << 40, 1ll << 40);
	check(lab, json, text);
}

Test(decode_kinds, a_zero_under_a_mask_has_a_name)
{
	check_flags(4, 0, "[\"O_RDONLY\"]", "O_RDONLY");
	check_flags(4, 0102, "[\"O_RDWR\",\"O_CREAT\"]", "O_RDWR|O_CREAT");
}

Test(decode_kinds, names_of_several_bits_come_before_those_within_them)
{
	check_flags(4, 04010001, "[\"O_WRONLY\",\"O_SYNC\"]", "O_WRONLY|O_SYNC");
	check_flags(4, 010001, "[\"O_WRONLY\",\"O_DSYNC\"]", "O_WRONLY|O_DSYNC");
}

Test(decode_kinds, bits_without_a_name_are_one_number)
{
	check_flags(4, 0x30000043, "[\"O_CREAT\",\"0x30000003\"]", "O_CREAT|0x30000003");
	check_flags(8, (1ll << 40) | 1, "[\"O_WRONLY\",\"HIGH\"]", "O_WRONLY|HIGH");
	check_flags(4, 4000000000u & ~3u, "[\"O_RDONLY\",\"0xee6b2800\"]", "O_RDONLY|0xee6b2800");
}

Test(decode_kinds, a_name_under_all_bits_stands_for_the_whole_value)
{
	struct lab *lab = lab_new();

	lab_number(lab, PULSAR_KIND_FLAGS, "x", 4, 0)->group = 1;
	lab_number(lab, PULSAR_KIND_FLAGS, "y", 4, 1)->group = 1;
	lab_enumerator(lab, "NONE", 1, 0, ~0ull);
	lab_enumerator(lab, "SOME", 1, 1, 1);
	cr_expect_str_eq(lab_payload(lab), "{\"x\":[\"NONE\"],\"y\":[\"SOME\"]}");
	lab_free(lab);
}

Test(decode_kinds, flags_without_names_are_a_number_or_empty)
{
	struct lab *lab = lab_new();

	lab_number(lab, PULSAR_KIND_FLAGS, "x", 4, 0)->group = 1;
	lab_number(lab, PULSAR_KIND_FLAGS, "y", 4, 5)->group = 1;
	cr_expect_str_eq(lab_payload(lab), "{\"x\":[],\"y\":[\"0x5\"]}");
	cr_expect_str_eq(lab_fields_text(lab), "0 y=0x5");
	lab_free(lab);
}

/* ---- addresses ---- */

static void check_address(uint16_t family, const char *ip, size_t len, uint32_t scope,
			  const char *json, const char *text)
{
	struct pulsar_address a = { .family = family, .port = 80, .scope = scope };
	struct lab *lab = lab_new();

	memcpy(a.ip, ip, len);
	lab_field(lab, PULSAR_KIND_ADDRESS, "x", &a, sizeof(a));
	check(lab, json, text);
}

Test(decode_kinds, ipv4_addresses)
{
	check_address(AF_INET, "\x7f\0\0\1", 4, 0, "{\"ip\":\"127.0.0.1\",\"port\":80}",
		      "127.0.0.1:80");
	check_address(AF_INET, "\xff\xff\xff\xff", 4, 9, "{\"ip\":\"255.255.255.255\",\"port\":80}",
		      "255.255.255.255:80");
}

Test(decode_kinds, ipv4_in_ipv6_is_ipv4)
{
	check_address(AF_INET6, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1", 16, 0,
		      "{\"ip\":\"10.0.0.1\",\"port\":80}", "10.0.0.1:80");
}

Test(decode_kinds, ipv6_addresses_as_rfc_5952_wants_them)
{
	static const struct {
		const char *ip, *text;
	} rows[] = {
		{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "::" },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", "::1" },
		{ "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0", "2001:db8::" },
		{ "\x20\x01\x0d\xb8\0\0\0\1\0\1\0\1\0\1\0\1", "2001:db8:0:1:1:1:1:1" },
		{ "\x20\x01\0\0\0\0\0\1\0\0\0\0\0\0\0\1", "2001:0:0:1::1" },
		{ "\x20\x01\x0d\xb8\0\0\0\0\0\1\0\0\0\0\0\1", "2001:db8::1:0:0:1" },
		{ "\xff\xff\xab\xcd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x0f\xff",
		  "ffff:abcd:ffff:ffff:ffff:ffff:ffff:fff" },
	};
	char json[128], text[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(json, sizeof(json), "{\"ip\":\"%s\",\"port\":80}", rows[i].text);
		snprintf(text, sizeof(text), "[%s]:80", rows[i].text);
		check_address(AF_INET6, rows[i].ip, 16, 0, json, text);
	}
}

Test(decode_kinds, an_ipv6_address_keeps_its_scope)
{
	check_address(AF_INET6, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16, 2,
		      "{\"ip\":\"fe80::1\",\"port\":80,\"scope\":2}", "[fe80::1%2]:80");
}

Test(decode_kinds, no_address_is_null)
{
	check_address(0, "", 0, 0, "null", "-");
	check_address(AF_UNIX, "", 0, 0, "null", "-");
}
