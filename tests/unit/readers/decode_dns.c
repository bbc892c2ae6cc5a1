// SPDX-License-Identifier: Apache-2.0
/* DNS messages that are well-formed: each record type. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "decode_message.h"

/* One answer, whose data is what was written since msg_record(). */
static void check_answer(const char *type, const char *json, const char *text)
{
	char payload[2048], line[1024];

	msg_record_end();
	snprintf(payload, sizeof(payload),
		 REPLY "\"answers\":[{\"name\":\"example.com\",\"type\":\"%s\",\"class\":\"IN\","
		       "\"ttl\":300,\"data\":\"%s\"}]}",
		 type, json);
	snprintf(line, sizeof(line), "example.com A NOERROR: %s %s", type, text);
	msg_check(payload, line);
}

Test(decode_dns, a_query_has_its_questions)
{
	msg_begin(QUERY, 1, 0);
	msg_name("example.com");
	msg_put16(28);
	msg_put16(1);
	msg_check(OPCODE "\"questions\":[{\"name\":\"example.com\",\"type\":\"AAAA\","
			 "\"class\":\"IN\"}]}",
		  "example.com AAAA");
}

Test(decode_dns, several_questions_and_numbers_without_a_name)
{
	msg_begin(0x1800, 2, 0);
	msg_name("");
	msg_put16(65280);
	msg_put16(0x8001);
	msg_name("a");
	msg_put16(255);
	msg_put16(255);
	msg_check("{\"id\":4660,\"opcode\":3,\"questions\":["
		  "{\"name\":\".\",\"type\":\"TYPE65280\",\"class\":\"CLASS32769\"},"
		  "{\"name\":\"a\",\"type\":\"ANY\",\"class\":\"ANY\"}]}",
		  ". TYPE65280, a ANY");
}

Test(decode_dns, a_response_without_answers_has_its_rcode)
{
	msg_begin(RESPONSE | 3, 1, 0);
	msg_name("example.com");
	msg_put16(1);
	msg_put16(1);
	msg_check(OPCODE "\"rcode\":\"NXDOMAIN\"," QUESTION ",\"answers\":[]}",
		  "example.com A NXDOMAIN");
	msg.bytes[3] = 0x8f;
	msg_check(OPCODE "\"rcode\":15," QUESTION ",\"answers\":[]}", "example.com A 15");
}

Test(decode_dns, several_answers)
{
	msg_response(2);
	msg_record(5);
	msg_label("www");
	msg_pointer(12);
	msg_record_end();
	msg_record(1);
	msg_bytes("\xc0\0\2\1", 4);
	msg_record_end();
	msg_check(REPLY "\"answers\":[{\"name\":\"example.com\",\"type\":\"CNAME\","
			"\"class\":\"IN\",\"ttl\":300,\"data\":\"www.example.com\"},"
			"{\"name\":\"example.com\",\"type\":\"A\",\"class\":\"IN\",\"ttl\":300,"
			"\"data\":\"192.0.2.1\"}]}",
		  "example.com A NOERROR: CNAME www.example.com, A 192.0.2.1");
}

Test(decode_dns, type_a)
{
	msg_response(1);
	msg_record(1);
	msg_bytes("\xc0\0\2\1", 4);
	check_answer("A", "192.0.2.1", "192.0.2.1");
}

Test(decode_dns, type_aaaa)
{
	msg_response(1);
	msg_record(28);
	msg_bytes("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	check_answer("AAAA", "2001:db8::1", "2001:db8::1");
}

Test(decode_dns, types_that_are_one_name)
{
	static const struct {
		int type;
		const char *name;
	} rows[] = { { 2, "NS" }, { 5, "CNAME" }, { 12, "PTR" }, { 39, "DNAME" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		msg_response(1);
		msg_record(rows[i].type);
		msg_label("ns1");
		msg_pointer(12);
		check_answer(rows[i].name, "ns1.example.com", "ns1.example.com");
	}
}

Test(decode_dns, type_mx)
{
	msg_response(1);
	msg_record(15);
	msg_put16(10);
	msg_label("mail");
	msg_pointer(12);
	check_answer("MX", "10 mail.example.com", "10 mail.example.com");
}

Test(decode_dns, type_soa)
{
	msg_response(1);
	msg_record(6);
	msg_pointer(12);
	msg_name("host.master");
	msg_put32(2026112201);
	msg_put32(7200);
	msg_put32(3600);
	msg_put32(1209600);
	msg_put32(0xffffffff);
	check_answer("SOA", "example.com host.master 2026112201 7200 3600 1209600 4294967295",
		     "example.com host.master 2026112201 7200 3600 1209600 4294967295");
}

Test(decode_dns, type_srv)
{
	msg_response(1);
	msg_record(33);
	msg_put16(1);
	msg_put16(65535);
	msg_put16(5060);
	msg_name("sip.example.com");
	check_answer("SRV", "1 65535 5060 sip.example.com", "1 65535 5060 sip.example.com");
}

Test(decode_dns, type_txt)
{
	msg_response(1);
	msg_record(16);
	msg_label("v=spf1 -all");
	msg_label("");
	msg_label("q\"b\\\n\xff");
	check_answer("TXT", "\\\"v=spf1 -all\\\" \\\"\\\" \\\"q\\\\\\\"b\\\\\\\\\\\\010\\\\255\\\"",
		     "\"v=spf1 -all\" \"\" \"q\\\"b\\\\\\010\\255\"");
}

Test(decode_dns, type_https)
{
	msg_response(1);
	msg_record(65);
	msg_put16(1);
	msg_name("");
	msg_put16(1);
	msg_put16(6);
	msg_label("h2");
	msg_label("h3");
	msg_put16(2);
	msg_put16(0);
	msg_put16(3);
	msg_put16(2);
	msg_put16(8443);
	msg_put16(4);
	msg_put16(8);
	msg_bytes("\xc0\0\2\1\xc0\0\2\2", 8);
	msg_put16(5);
	msg_put16(2);
	msg_bytes("\0a", 2);
	msg_put16(6);
	msg_put16(16);
	msg_bytes("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	msg_put16(65000);
	msg_put16(0);
	check_answer("HTTPS",
		     "1 . alpn=h2,h3 no-default-alpn port=8443 ipv4hint=192.0.2.1,192.0.2.2 "
		     "key5=\\\"\\\\000a\\\" ipv6hint=2001:db8::1 key65000=\\\"\\\"",
		     "1 . alpn=h2,h3 no-default-alpn port=8443 ipv4hint=192.0.2.1,192.0.2.2 "
		     "key5=\"\\000a\" ipv6hint=2001:db8::1 key65000=\"\"");
}

Test(decode_dns, type_svcb_as_an_alias)
{
	msg_response(1);
	msg_record(64);
	msg_put16(0);
	msg_name("svc.example.com");
	check_answer("SVCB", "0 svc.example.com", "0 svc.example.com");
}

Test(decode_dns, parameters_that_are_not_what_their_key_says_are_strings)
{
	msg_response(1);
	msg_record(65);
	msg_put16(1);
	msg_name("");
	msg_put16(1);
	msg_put16(4);
	msg_label("a,b");
	msg_put16(3);
	msg_put16(1);
	msg_put8('x');
	msg_put16(4);
	msg_put16(0);
	check_answer("HTTPS", "1 . key1=\\\"\\\\003a,b\\\" key3=\\\"x\\\" key4=\\\"\\\"",
		     "1 . key1=\"\\003a,b\" key3=\"x\" key4=\"\"");
}

Test(decode_dns, other_types_are_hexadecimal)
{
	msg_response(1);
	msg_record(65280);
	msg_bytes("\xab\xcd", 2);
	check_answer("TYPE65280", "\\\\# 2 abcd", "\\# 2 abcd");
	msg_response(1);
	msg_record(257);
	check_answer("CAA", "\\\\# 0", "\\# 0");
}

Test(decode_dns, bytes_of_names_are_escaped)
{
	msg_begin(QUERY, 1, 0);
	msg_label("a.b\\c\"d e\x01\x7f\xc3\xa9");
	msg_name("com");
	msg_put16(1);
	msg_put16(1);
	msg_check(
		OPCODE
		"\"questions\":[{\"name\":\"a\\\\.b\\\\\\\\c\\\\\\\"d\\\\032e\\\\001\\\\127\\\\195"
		"\\\\169.com\",\"type\":\"A\",\"class\":\"IN\"}]}",
		"a\\.b\\\\c\\\"d\\032e\\001\\127\\195\\169.com A");
}

Test(decode_dns, the_longest_name_is_read)
{
	char label[64] = "", name[256], payload[1024], text[300];

	memset(label, 'x', 63);
	msg_begin(QUERY, 1, 0);
	snprintf(name, sizeof(name), "%s.%s.%s.%s", label, label, label, label + 2);
	msg_name(name);
	cr_assert_eq(msg.len, 12 + 255);
	msg_put16(1);
	msg_put16(1);
	snprintf(payload, sizeof(payload),
		 OPCODE "\"questions\":[{\"name\":\"%s\",\"type\":\"A\",\"class\":\"IN\"}]}", name);
	snprintf(text, sizeof(text), "%s A", name);
	msg_check(payload, text);
}
