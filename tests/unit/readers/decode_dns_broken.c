// SPDX-License-Identifier: Apache-2.0
/* DNS messages that are cut, circular, or wrong in another way. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "decode/dns.h"
#include "decode_lab.h"
#include "decode_message.h"

/* One answer, whose data is what was written since msg_record(), and is not right. */
static void check_bad_answer(const char *type, const char *hex)
{
	char payload[2048], line[1024];

	msg_record_end();
	snprintf(payload, sizeof(payload),
		 REPLY "\"answers\":[{\"name\":\"example.com\",\"type\":\"%s\",\"class\":\"IN\","
		       "\"ttl\":300,\"data\":\"\\\\# %s\"}],\"malformed\":true}",
		 type, hex);
	snprintf(line, sizeof(line), "example.com A NOERROR: %s \\# %s (malformed)", type, hex);
	msg_check(payload, line);
}

#define BROKEN OPCODE "\"questions\":[],\"malformed\":true}"

Test(decode_dns_broken, less_than_a_header)
{
	for (int len = 0; len < 12; len++) {
		msg_begin(QUERY, 0, 0);
		msg.len = len;
		msg_check("{\"malformed\":true}", "(malformed)");
	}
}

Test(decode_dns_broken, a_pointer_to_itself)
{
	msg_begin(QUERY, 1, 0);
	msg_pointer(12);
	msg_put32(0x00010001);
	msg_check(BROKEN, " (malformed)");
}

Test(decode_dns_broken, two_pointers_in_a_circle)
{
	msg_begin(QUERY, 1, 0);
	msg_pointer(14);
	msg_pointer(12);
	msg_put32(0x00010001);
	msg_check(BROKEN, " (malformed)");
}

Test(decode_dns_broken, a_name_that_leads_into_itself)
{
	msg_begin(QUERY, 1, 0);
	msg_label("a");
	msg_pointer(12);
	msg_put32(0x00010001);
	msg_check(BROKEN, " (malformed)");
}

Test(decode_dns_broken, a_pointer_beyond_the_end_or_cut)
{
	msg_begin(QUERY, 1, 0);
	msg_pointer(0x3fff);
	msg_put32(0x00010001);
	msg_check(BROKEN, " (malformed)");
	msg_begin(QUERY, 1, 0);
	msg_put8(0xc0);
	msg_check(BROKEN, " (malformed)");
}

Test(decode_dns_broken, labels_of_other_kinds)
{
	msg_begin(QUERY, 1, 0);
	msg_put8(0x41);
	msg_bytes("abcdefghijklmnopqrstuvwxyz", 26);
	msg_check(BROKEN, " (malformed)");
	msg_begin(QUERY, 1, 0);
	msg_put8(0x80);
	msg_name("abcdefghijklmnopqrstuvwxyz");
	msg_check(BROKEN, " (malformed)");
}

Test(decode_dns_broken, a_name_of_more_than_255_bytes)
{
	msg_begin(QUERY, 1, 0);
	for (int i = 0; i < 127; i++)
		msg_label("x");
	msg_label("y");
	msg_put8(0);
	msg_put32(0x00010001);
	msg_check(BROKEN, " (malformed)");
}

Test(decode_dns_broken, names_that_swell_beyond_all_measure_are_cut)
{
	static char out[DNS_ROOM(sizeof(msg.bytes))];
	char label[64] = "";
	size_t len;

	memset(label, 1, 63);
	msg_begin(QUERY, 10000, 0);
	for (int i = 0; i < 3; i++)
		msg_label(label);
	msg_name(label + 2);
	msg_put32(0x00010001);
	while (msg.len + 6 <= sizeof(msg.bytes)) {
		msg_pointer(12);
		msg_put32(0x00010001);
	}
	len = dns_json(out, msg.bytes, msg.len) - out;
	cr_expect_leq(len, DNS_ROOM(msg.len));
	cr_expect_eq(memcmp(out + len - 17, ",\"malformed\":true", 17), 0);
}

/* Two answers: data of pointers, each to the one before; a name that goes through `count` of them. */
static void put_chain(int count)
{
	msg_begin(RESPONSE, 1, 2);
	msg_name("a");
	msg_put16(1);
	msg_put16(1);
	msg_put8(0);
	msg_put16(65280);
	msg_put16(1);
	msg_put32(0);
	msg_put16(2 * (count - 1));
	for (int i = 0; i < count - 1; i++)
		msg_pointer(i ? msg.len - 2 : 12);
	msg_pointer(msg.len - 2);
	msg_put16(65280);
	msg_put16(1);
	msg_put32(0);
	msg_put16(0);
}

Test(decode_dns_broken, a_chain_of_pointers_ends_somewhere)
{
	static char out[DNS_ROOM(4096)];

	put_chain(127);
	*dns_json(out, msg.bytes, msg.len) = '\0';
	cr_expect_not_null(strstr(out, "},{\"name\":\"a\",\"type\":\"TYPE65280\",\"class\":\"IN\","
				       "\"ttl\":0,\"data\":\"\\\\# 0\"}]"));
	cr_expect_null(strstr(out, "malformed"));
	put_chain(128);
	*dns_json(out, msg.bytes, msg.len) = '\0';
	cr_expect_not_null(strstr(out, "\"}],\"malformed\":true"));
}

Test(decode_dns_broken, a_cut_message_has_what_could_be_read)
{
	msg_response(2);
	msg_record(1);
	msg_bytes("\xc0\0\2\1", 4);
	msg_record_end();
	msg_record(1);
	msg_bytes("\xc0\0\2", 3);
	msg_record_end();
	msg.bytes[msg.data - 1] = 4;
	msg_check(REPLY "\"answers\":[{\"name\":\"example.com\",\"type\":\"A\",\"class\":\"IN\","
			"\"ttl\":300,\"data\":\"192.0.2.1\"}],\"malformed\":true}",
		  "example.com A NOERROR: A 192.0.2.1 (malformed)");
}

Test(decode_dns_broken, each_cut_of_a_message_is_malformed_and_valid)
{
	struct lab *lab;
	size_t whole;

	msg_response(1);
	msg_record(15);
	msg_put16(10);
	msg_label("mail");
	msg_pointer(12);
	msg_record_end();
	whole = msg.len;
	for (size_t len = 0; len < whole; len++) {
		lab = lab_new();
		lab_span(lab, PULSAR_KIND_DNS, "dns", msg.bytes, len, whole);
		cr_expect_not_null(
			strstr(lab_payload(lab), "\"malformed\":true,\"dns_truncated\":true}"));
		lab_free(lab);
	}
}

Test(decode_dns_broken, a_sample_that_was_cut_behind_the_answers_is_not_malformed)
{
	struct lab *lab = lab_new();

	msg_begin(QUERY, 1, 0);
	msg_name("a");
	msg_put32(0x00010001);
	lab_span(lab, PULSAR_KIND_DNS, "dns", msg.bytes, msg.len, msg.len + 11);
	cr_expect_str_eq(lab_payload(lab),
			 OPCODE "\"questions\":[{\"name\":\"a\",\"type\":\"A\",\"class\":\"IN\"}],"
				"\"dns_truncated\":true}");
	cr_expect_str_eq(lab_fields_text(lab), "a A…");
	lab_free(lab);
}

Test(decode_dns_broken, what_the_sender_cut_is_truncated)
{
	msg_begin(RESPONSE | 0x0200, 1, 0);
	msg_name("example.com");
	msg_put32(0x00010001);
	msg_check(REPLY "\"answers\":[],\"truncated\":true}", "example.com A NOERROR (truncated)");
}

Test(decode_dns_broken, addresses_of_wrong_length)
{
	msg_response(1);
	msg_record(1);
	msg_bytes("\xc0\0\2", 3);
	check_bad_answer("A", "3 c00002");
	msg_response(1);
	msg_record(28);
	msg_bytes("\xc0\0\2\1", 4);
	check_bad_answer("AAAA", "4 c0000201");
}

Test(decode_dns_broken, data_that_ends_before_or_behind_its_end)
{
	msg_response(1);
	msg_record(5);
	msg_name("a");
	msg_put8(0);
	check_bad_answer("CNAME", "4 01610000");
	msg_response(1);
	msg_record(16);
	msg_put8(4);
	msg_bytes("abc", 3);
	check_bad_answer("TXT", "4 04616263");
	msg_response(1);
	msg_record(16);
	check_bad_answer("TXT", "0");
	msg_response(1);
	msg_record(15);
	msg_put8(0);
	check_bad_answer("MX", "1 00");
	msg_response(1);
	msg_record(65);
	msg_put16(1);
	msg_put8(0);
	msg_put16(3);
	msg_put16(3);
	msg_put16(80);
	check_bad_answer("HTTPS", "9 000100000300030050");
}

Test(decode_dns_broken, records_behind_a_malformed_one_are_read)
{
	msg_response(2);
	msg_record(1);
	msg_record_end();
	msg_record(1);
	msg_bytes("\xc0\0\2\1", 4);
	msg_record_end();
	msg_check(REPLY
		  "\"answers\":[{\"name\":\"example.com\",\"type\":\"A\",\"class\":\"IN\","
		  "\"ttl\":300,\"data\":\"\\\\# 0\"},{\"name\":\"example.com\",\"type\":\"A\","
		  "\"class\":\"IN\",\"ttl\":300,\"data\":\"192.0.2.1\"}],\"malformed\":true}",
		  "example.com A NOERROR: A \\# 0, A 192.0.2.1 (malformed)");
}
