// SPDX-License-Identifier: Apache-2.0
/* Bytes of any origin as JSON strings and as text for a terminal. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "decode_lab.h"
#include "json.h"
#include "text.h"

static void check(const char *bytes, size_t len, size_t full, const char *payload, const char *text)
{
	struct lab *lab = lab_new();

	lab_span(lab, PULSAR_KIND_STRING, "x", bytes, len, full);
	cr_expect_str_eq(lab_payload(lab), payload);
	cr_expect_str_eq(lab_fields_text(lab), text);
	lab_free(lab);
}

/* Of a string constant, NULs within it included. */
#define CHECK(bytes, payload, text) \
	check(bytes, sizeof(bytes) - 1, sizeof(bytes) - 1, payload, text)

Test(decode_strings, quotes_and_backslashes_are_escaped)
{
	CHECK("a\"b\\c", "{\"x\":\"a\\\"b\\\\c\"}", "\"a\\\"b\\\\c\"");
	CHECK("\\", "{\"x\":\"\\\\\"}", "\\\\");
}

Test(decode_strings, control_characters_are_escaped)
{
	CHECK("\b\f\n\r\t", "{\"x\":\"\\b\\f\\n\\r\\t\"}", "\\x08\\x0c\\x0a\\x0d\\x09");
	CHECK("\x1b[2J", "{\"x\":\"\\u001b[2J\"}", "\\x1b[2J");
	CHECK("a\0b", "{\"x\":\"a\\u0000b\"}", "a\\x00b");
	CHECK("\x7f", "{\"x\":\"\x7f\"}", "\\x7f");
}

Test(decode_strings, characters_of_each_length_stay)
{
	CHECK("aé€😀z", "{\"x\":\"aé€😀z\"}", "aé€😀z");
	CHECK("\xf4\x8f\xbf\xbf", "{\"x\":\"\xf4\x8f\xbf\xbf\"}", "\xf4\x8f\xbf\xbf");
	CHECK("\u2028", "{\"x\":\"\u2028\"}", "\\u{2028}");
}

Test(decode_strings, bytes_that_are_no_utf8_are_replaced_and_follow_exactly)
{
	CHECK("a\xff"
	      "b",
	      "{\"x\":\"a\uFFFDb\",\"x_hex\":\"61ff62\"}", "a\\xffb");
	/* overlong slash, surrogate, above 10FFFF, stray continuation, cut character */
	CHECK("\xc0\xaf", "{\"x\":\"\uFFFD\uFFFD\",\"x_hex\":\"c0af\"}", "\\xc0\\xaf");
	CHECK("\xe0\x80\xaf", "{\"x\":\"\uFFFD\uFFFD\uFFFD\",\"x_hex\":\"e080af\"}",
	      "\\xe0\\x80\\xaf");
	CHECK("\xed\xa0\x80", "{\"x\":\"\uFFFD\uFFFD\uFFFD\",\"x_hex\":\"eda080\"}",
	      "\\xed\\xa0\\x80");
	CHECK("\xf4\x90\x80\x80", "{\"x\":\"\uFFFD\uFFFD\uFFFD\uFFFD\",\"x_hex\":\"f4908080\"}",
	      "\\xf4\\x90\\x80\\x80");
	CHECK("\x80", "{\"x\":\"\uFFFD\",\"x_hex\":\"80\"}", "\\x80");
	CHECK("ab\xe2\x82", "{\"x\":\"ab\uFFFD\uFFFD\",\"x_hex\":\"6162e282\"}", "ab\\xe2\\x82");
}

Test(decode_strings, a_replacement_character_that_was_there_is_no_invalid_byte)
{
	CHECK("\uFFFD", "{\"x\":\"\uFFFD\"}", "\uFFFD");
}

Test(decode_strings, cut_values_say_so)
{
	check("/long", 5, 6, "{\"x\":\"/long\",\"x_truncated\":true}", "/long…");
	check("\xff", 1, 4096, "{\"x\":\"\uFFFD\",\"x_hex\":\"ff\",\"x_truncated\":true}",
	      "\\xff…");
	check("", 0, 1, "{\"x\":\"\",\"x_truncated\":true}", "\"\"…");
}

Test(decode_strings, cut_bytes_and_vectors_say_so)
{
	struct lab *lab = lab_new();

	lab_span(lab, PULSAR_KIND_BYTES, "b", "\1\2", 2, 3);
	lab_span(lab, PULSAR_KIND_STRINGS, "argv", "ls\0-", 4, 100);
	cr_expect_str_eq(lab_payload(lab), "{\"b\":\"0102\",\"b_truncated\":true,"
					   "\"argv\":[\"ls\",\"-\"],\"argv_truncated\":true}");
	cr_expect_str_eq(lab_fields_text(lab), "0102… argv=[ls -…]");
	lab_free(lab);
}

Test(decode_strings, a_vector_with_invalid_bytes_has_an_array_of_the_exact_ones)
{
	struct lab *lab = lab_new();

	lab_span(lab, PULSAR_KIND_STRINGS, "argv", "a\0\xff\0", 4, 4);
	cr_expect_str_eq(lab_payload(lab),
			 "{\"argv\":[\"a\",\"\uFFFD\"],\"argv_hex\":[\"61\",\"ff\"]}");
	lab_free(lab);
}

Test(decode_strings, invalid_characters_of_an_array_follow_exactly)
{
	struct lab *lab = lab_new();

	lab_field(lab, PULSAR_KIND_CHARS, "ifname", "\xc3\0\0\0", 4);
	cr_expect_str_eq(lab_payload(lab), "{\"ifname\":\"\uFFFD\",\"ifname_hex\":\"c3\"}");
	lab_free(lab);
}

/* The scan goes eight bytes at a time: each place in a word, each length. */
Test(decode_strings, an_escape_is_found_at_each_place)
{
	static const char *const escapes[] = { "\"", "\\", "\n", "\x01", "\xff", "é" };
	static const char *const escaped[] = { "\\\"", "\\\\", "\\n", "\\u0001", "\uFFFD", "é" };
	char in[64], out[512], expected[256];
	bool invalid;

	for (size_t e = 0; e < sizeof(escapes) / sizeof(escapes[0]); e++) {
		for (int before = 0; before < 20; before++) {
			for (int after = 0; after < 20; after++) {
				char *end;

				snprintf(in, sizeof(in), "%.*s%s%.*s", before,
					 "abcdefghijklmnopqrst", escapes[e], after,
					 "ABCDEFGHIJKLMNOPQRST");
				snprintf(expected, sizeof(expected), "\"%.*s%s%.*s\"", before,
					 "abcdefghijklmnopqrst", escaped[e], after,
					 "ABCDEFGHIJKLMNOPQRST");
				invalid = false;
				end = json_string(out, (uint8_t *)in, strlen(in), &invalid);
				*end = '\0';
				cr_assert_str_eq(out, expected);
				cr_assert_eq(invalid, *escapes[e] == '\xff');
			}
		}
	}
}

Test(decode_strings, each_byte_is_escaped_iff_it_must_be)
{
	char out[64];
	bool invalid;

	for (int c = 0; c < 0x100; c++) {
		uint8_t in[] = { 'x', c, 'y' };
		size_t len = json_string(out, in, sizeof(in), &invalid) - out;

		if (c >= 0x80 || c < 0x20 || c == '"' || c == '\\')
			cr_expect_gt(len, 5, "byte %d", c);
		else
			cr_expect_eq(len, 5, "byte %d", c);
	}
}

/* ---- terminals ---- */

Test(decode_strings, characters_that_steer_a_terminal_are_escaped)
{
	CHECK("\xc2\x9b"
	      "2J",
	      "{\"x\":\"\xc2\x9b"
	      "2J\"}",
	      "\\u{9b}2J");
	CHECK("a\u202eb", "{\"x\":\"a\u202eb\"}", "a\\u{202e}b");
	CHECK("\u2066", "{\"x\":\"\u2066\"}", "\\u{2066}");
	CHECK("\u061c", "{\"x\":\"\u061c\"}", "\\u{061c}");
}

Test(decode_strings, text_with_blanks_quotes_or_equals_signs_is_quoted)
{
	CHECK("a b", "{\"x\":\"a b\"}", "\"a b\"");
	CHECK("a=b", "{\"x\":\"a=b\"}", "\"a=b\"");
}

Test(decode_strings, no_byte_steers_a_terminal)
{
	char out[TEXT_STRING_MAX(2)];
	uint8_t in[2];

	for (int first = 0; first < 0x100; first++) {
		for (int second = 0; second < 0x100; second++) {
			char *end;

			in[0] = first;
			in[1] = second;
			end = text_string(out, in, 2, false);
			cr_assert_leq(end - out, (long)sizeof(out));
			for (char *p = out; p < end; p++) {
				cr_assert((uint8_t)*p >= 0x20 && *p != 0x7f);
				cr_assert_not(p > out && (uint8_t)p[-1] == 0xc2 &&
					      (uint8_t)p[0] < 0xa0);
			}
		}
	}
}
