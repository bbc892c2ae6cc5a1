// SPDX-License-Identifier: Apache-2.0
/* DNS messages: each record type, and each way to be broken. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "decode/dns.h"
#include "decode_lab.h"

#define QUERY	 0x0100
#define RESPONSE 0x8180

/* A message that is written piece by piece. */
struct message {
	uint8_t bytes[65536];
	size_t len;
	size_t data; /* where the data of the record in work begins */
};

static struct message m;

static void put8(unsigned int x)
{
	m.bytes[m.len++] = x;
}

static void put16(unsigned int x)
{
	put8(x >> 8);
	put8(x & 0xff);
}

static void put32(unsigned int x)
{
	put16(x >> 16);
	put16(x & 0xffff);
}

static void put_bytes(const void *bytes, size_t len)
{
	memcpy(m.bytes + m.len, bytes, len);
	m.len += len;
}

static void put_label(const char *label)
{
	put8(strlen(label));
	put_bytes(label, strlen(label));
}

/* Labels with dots between them, and the root. */
static void put_name(const char *name)
{
	while (*name) {
		size_t len = strcspn(name, ".");

		put8(len);
		put_bytes(name, len);
		name += len + (name[len] == '.');
	}
	put8(0);
}

static void put_pointer(unsigned int at)
{
	put16(0xc000 | at);
}

static void begin(unsigned int flags, unsigned int questions, unsigned int answers)
{
	m.len = 0;
	put16(0x1234);
	put16(flags);
	put16(questions);
	put16(answers);
	put32(0);
}

/* A response to a question of type A for example.com; its name is at 12. */
static void begin_response(unsigned int answers)
{
	begin(RESPONSE, 1, answers);
	put_name("example.com");
	put16(1);
	put16(1);
}

/* The owner is example.com. */
static void begin_record(unsigned int type)
{
	put_pointer(12);
	put16(type);
	put16(1);
	put32(300);
	put16(0);
	m.data = m.len;
}

static void end_record(void)
{
	m.bytes[m.data - 2] = (m.len - m.data) >> 8;
	m.bytes[m.data - 1] = m.len - m.data;
}

static void check_message(const char *payload, const char *text)
{
	struct lab *lab = lab_new();

	lab_span(lab, PULSAR_KIND_DNS, "dns", m.bytes, m.len, m.len);
	cr_expect_str_eq(lab_payload(lab), payload);
	cr_expect_str_eq(lab_fields_text(lab), text);
	lab_free(lab);
}

#define OPCODE	 "{\"id\":4660,\"opcode\":\"QUERY\","
#define QUESTION "\"questions\":[{\"name\":\"example.com\",\"type\":\"A\",\"class\":\"IN\"}]"
#define REPLY	 OPCODE "\"rcode\":\"NOERROR\"," QUESTION ","

/* One answer, whose data is what was written since begin_record(). */
static void check_answer(const char *type, const char *json, const char *text)
{
	char payload[2048], line[1024];

	end_record();
	snprintf(payload, sizeof(payload),
		 REPLY "\"answers\":[{\"name\":\"example.com\",\"type\":\"%s\",\"class\":\"IN\","
		       "\"ttl\":300,\"data\":\"%s\"}]}",
		 type, json);
	snprintf(line, sizeof(line), "example.com A NOERROR: %s %s", type, text);
	check_message(payload, line);
}

/* The same with something wrong in it. */
static void check_bad_answer(const char *type, const char *hex)
{
	char payload[2048], line[1024];

	end_record();
	snprintf(payload, sizeof(payload),
		 REPLY "\"answers\":[{\"name\":\"example.com\",\"type\":\"%s\",\"class\":\"IN\","
		       "\"ttl\":300,\"data\":\"\\\\# %s\"}],\"malformed\":true}",
		 type, hex);
	snprintf(line, sizeof(line), "example.com A NOERROR: %s \\# %s (malformed)", type, hex);
	check_message(payload, line);
}

/* ---- what is well-formed ---- */

Test(decode_dns, a_query_has_its_questions)
{
	begin(QUERY, 1, 0);
	put_name("example.com");
	put16(28);
	put16(1);
	check_message(OPCODE "\"questions\":[{\"name\":\"example.com\",\"type\":\"AAAA\","
			     "\"class\":\"IN\"}]}",
		      "example.com AAAA");
}

Test(decode_dns, several_questions_and_numbers_without_a_name)
{
	begin(0x1800, 2, 0);
	put_name("");
	put16(65280);
	put16(0x8001);
	put_name("a");
	put16(255);
	put16(255);
	check_message("{\"id\":4660,\"opcode\":3,\"questions\":["
		      "{\"name\":\".\",\"type\":\"TYPE65280\",\"class\":\"CLASS32769\"},"
		      "{\"name\":\"a\",\"type\":\"ANY\",\"class\":\"ANY\"}]}",
		      ". TYPE65280, a ANY");
}

Test(decode_dns, a_response_without_answers_has_its_rcode)
{
	begin(RESPONSE | 3, 1, 0);
	put_name("example.com");
	put16(1);
	put16(1);
	check_message(OPCODE "\"rcode\":\"NXDOMAIN\"," QUESTION ",\"answers\":[]}",
		      "example.com A NXDOMAIN");
	m.bytes[3] = 0x8f;
	check_message(OPCODE "\"rcode\":15," QUESTION ",\"answers\":[]}", "example.com A 15");
}

Test(decode_dns, several_answers)
{
	begin_response(2);
	begin_record(5);
	put_label("www");
	put_pointer(12);
	end_record();
	begin_record(1);
	put_bytes("\xc0\0\2\1", 4);
	end_record();
	check_message(REPLY "\"answers\":[{\"name\":\"example.com\",\"type\":\"CNAME\","
			    "\"class\":\"IN\",\"ttl\":300,\"data\":\"www.example.com\"},"
			    "{\"name\":\"example.com\",\"type\":\"A\",\"class\":\"IN\",\"ttl\":300,"
			    "\"data\":\"192.0.2.1\"}]}",
		      "example.com A NOERROR: CNAME www.example.com, A 192.0.2.1");
}

Test(decode_dns, type_a)
{
	begin_response(1);
	begin_record(1);
	put_bytes("\xc0\0\2\1", 4);
	check_answer("A", "192.0.2.1", "192.0.2.1");
}

Test(decode_dns, type_aaaa)
{
	begin_response(1);
	begin_record(28);
	put_bytes("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	check_answer("AAAA", "2001:db8::1", "2001:db8::1");
}

Test(decode_dns, types_that_are_one_name)
{
	static const struct {
		int type;
		const char *name;
	} rows[] = { { 2, "NS" }, { 5, "CNAME" }, { 12, "PTR" }, { 39, "DNAME" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin_response(1);
		begin_record(rows[i].type);
		put_label("ns1");
		put_pointer(12);
		check_answer(rows[i].name, "ns1.example.com", "ns1.example.com");
	}
}

Test(decode_dns, type_mx)
{
	begin_response(1);
	begin_record(15);
	put16(10);
	put_label("mail");
	put_pointer(12);
	check_answer("MX", "10 mail.example.com", "10 mail.example.com");
}

Test(decode_dns, type_soa)
{
	begin_response(1);
	begin_record(6);
	put_pointer(12);
	put_name("host.master");
	put32(2026112201);
	put32(7200);
	put32(3600);
	put32(1209600);
	put32(0xffffffff);
	check_answer("SOA", "example.com host.master 2026112201 7200 3600 1209600 4294967295",
		     "example.com host.master 2026112201 7200 3600 1209600 4294967295");
}

Test(decode_dns, type_srv)
{
	begin_response(1);
	begin_record(33);
	put16(1);
	put16(65535);
	put16(5060);
	put_name("sip.example.com");
	check_answer("SRV", "1 65535 5060 sip.example.com", "1 65535 5060 sip.example.com");
}

Test(decode_dns, type_txt)
{
	begin_response(1);
	begin_record(16);
	put_label("v=spf1 -all");
	put_label("");
	put_label("q\"b\\\n\xff");
	check_answer("TXT", "\\\"v=spf1 -all\\\" \\\"\\\" \\\"q\\\\\\\"b\\\\\\\\\\\\010\\\\255\\\"",
		     "\"v=spf1 -all\" \"\" \"q\\\"b\\\\\\010\\255\"");
}

Test(decode_dns, type_https)
{
	begin_response(1);
	begin_record(65);
	put16(1);
	put_name("");
	put16(1);
	put16(6);
	put_label("h2");
	put_label("h3");
	put16(2);
	put16(0);
	put16(3);
	put16(2);
	put16(8443);
	put16(4);
	put16(8);
	put_bytes("\xc0\0\2\1\xc0\0\2\2", 8);
	put16(5);
	put16(2);
	put_bytes("\0a", 2);
	put16(6);
	put16(16);
	put_bytes("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	put16(65000);
	put16(0);
	check_answer("HTTPS",
		     "1 . alpn=h2,h3 no-default-alpn port=8443 ipv4hint=192.0.2.1,192.0.2.2 "
		     "key5=\\\"\\\\000a\\\" ipv6hint=2001:db8::1 key65000=\\\"\\\"",
		     "1 . alpn=h2,h3 no-default-alpn port=8443 ipv4hint=192.0.2.1,192.0.2.2 "
		     "key5=\"\\000a\" ipv6hint=2001:db8::1 key65000=\"\"");
}

Test(decode_dns, type_svcb_as_an_alias)
{
	begin_response(1);
	begin_record(64);
	put16(0);
	put_name("svc.example.com");
	check_answer("SVCB", "0 svc.example.com", "0 svc.example.com");
}

Test(decode_dns, parameters_that_are_not_what_their_key_says_are_strings)
{
	begin_response(1);
	begin_record(65);
	put16(1);
	put_name("");
	put16(1);
	put16(4);
	put_label("a,b");
	put16(3);
	put16(1);
	put8('x');
	put16(4);
	put16(0);
	check_answer("HTTPS", "1 . key1=\\\"\\\\003a,b\\\" key3=\\\"x\\\" key4=\\\"\\\"",
		     "1 . key1=\"\\003a,b\" key3=\"x\" key4=\"\"");
}

Test(decode_dns, other_types_are_hexadecimal)
{
	begin_response(1);
	begin_record(65280);
	put_bytes("\xab\xcd", 2);
	check_answer("TYPE65280", "\\\\# 2 abcd", "\\# 2 abcd");
	begin_response(1);
	begin_record(257);
	check_answer("CAA", "\\\\# 0", "\\# 0");
}

Test(decode_dns, bytes_of_names_are_escaped)
{
	begin(QUERY, 1, 0);
	put_label("a.b\\c\"d e\x01\x7f\xc3\xa9");
	put_name("com");
	put16(1);
	put16(1);
	check_message(
		OPCODE
		"\"questions\":[{\"name\":\"a\\\\.b\\\\\\\\c\\\\\\\"d\\\\032e\\\\001\\\\127\\\\195"
		"\\\\169.com\",\"type\":\"A\",\"class\":\"IN\"}]}",
		"a\\.b\\\\c\\\"d\\032e\\001\\127\\195\\169.com A");
}

Test(decode_dns, the_longest_name_is_read)
{
	char label[64] = "", name[256], payload[1024], text[300];

	memset(label, 'x', 63);
	begin(QUERY, 1, 0);
	snprintf(name, sizeof(name), "%s.%s.%s.%s", label, label, label, label + 2);
	put_name(name);
	cr_assert_eq(m.len, 12 + 255);
	put16(1);
	put16(1);
	snprintf(payload, sizeof(payload),
		 OPCODE "\"questions\":[{\"name\":\"%s\",\"type\":\"A\",\"class\":\"IN\"}]}", name);
	snprintf(text, sizeof(text), "%s A", name);
	check_message(payload, text);
}

/* ---- what is not ---- */

#define BROKEN OPCODE "\"questions\":[],\"malformed\":true}"

Test(decode_dns, less_than_a_header)
{
	for (int len = 0; len < 12; len++) {
		begin(QUERY, 0, 0);
		m.len = len;
		check_message("{\"malformed\":true}", "(malformed)");
	}
}

Test(decode_dns, a_pointer_to_itself)
{
	begin(QUERY, 1, 0);
	put_pointer(12);
	put32(0x00010001);
	check_message(BROKEN, " (malformed)");
}

Test(decode_dns, two_pointers_in_a_circle)
{
	begin(QUERY, 1, 0);
	put_pointer(14);
	put_pointer(12);
	put32(0x00010001);
	check_message(BROKEN, " (malformed)");
}

Test(decode_dns, a_name_that_leads_into_itself)
{
	begin(QUERY, 1, 0);
	put_label("a");
	put_pointer(12);
	put32(0x00010001);
	check_message(BROKEN, " (malformed)");
}

Test(decode_dns, a_pointer_beyond_the_end_or_cut)
{
	begin(QUERY, 1, 0);
	put_pointer(0x3fff);
	put32(0x00010001);
	check_message(BROKEN, " (malformed)");
	begin(QUERY, 1, 0);
	put8(0xc0);
	check_message(BROKEN, " (malformed)");
}

Test(decode_dns, labels_of_other_kinds)
{
	begin(QUERY, 1, 0);
	put8(0x41);
	put_bytes("abcdefghijklmnopqrstuvwxyz", 26);
	check_message(BROKEN, " (malformed)");
	begin(QUERY, 1, 0);
	put8(0x80);
	put_name("abcdefghijklmnopqrstuvwxyz");
	check_message(BROKEN, " (malformed)");
}

Test(decode_dns, a_name_of_more_than_255_bytes)
{
	begin(QUERY, 1, 0);
	for (int i = 0; i < 127; i++)
		put_label("x");
	put_label("y");
	put8(0);
	put32(0x00010001);
	check_message(BROKEN, " (malformed)");
}

Test(decode_dns, names_that_swell_beyond_all_measure_are_cut)
{
	static char out[DNS_ROOM(sizeof(m.bytes))];
	char label[64] = "";
	size_t len;

	memset(label, 1, 63);
	begin(QUERY, 10000, 0);
	for (int i = 0; i < 3; i++)
		put_label(label);
	put_name(label + 2);
	put32(0x00010001);
	while (m.len + 6 <= sizeof(m.bytes)) {
		put_pointer(12);
		put32(0x00010001);
	}
	len = dns_json(out, m.bytes, m.len) - out;
	cr_expect_leq(len, DNS_ROOM(m.len));
	cr_expect_eq(memcmp(out + len - 17, ",\"malformed\":true", 17), 0);
}

/* Two answers: data of pointers, each to the one before; a name that goes through `count` of them. */
static void put_chain(int count)
{
	begin(RESPONSE, 1, 2);
	put_name("a");
	put16(1);
	put16(1);
	put8(0);
	put16(65280);
	put16(1);
	put32(0);
	put16(2 * (count - 1));
	for (int i = 0; i < count - 1; i++)
		put_pointer(i ? m.len - 2 : 12);
	put_pointer(m.len - 2);
	put16(65280);
	put16(1);
	put32(0);
	put16(0);
}

Test(decode_dns, a_chain_of_pointers_ends_somewhere)
{
	static char out[DNS_ROOM(4096)];

	put_chain(127);
	*dns_json(out, m.bytes, m.len) = '\0';
	cr_expect_not_null(strstr(out, "},{\"name\":\"a\",\"type\":\"TYPE65280\",\"class\":\"IN\","
				       "\"ttl\":0,\"data\":\"\\\\# 0\"}]"));
	cr_expect_null(strstr(out, "malformed"));
	put_chain(128);
	*dns_json(out, m.bytes, m.len) = '\0';
	cr_expect_not_null(strstr(out, "\"}],\"malformed\":true"));
}

Test(decode_dns, a_cut_message_has_what_could_be_read)
{
	begin_response(2);
	begin_record(1);
	put_bytes("\xc0\0\2\1", 4);
	end_record();
	begin_record(1);
	put_bytes("\xc0\0\2", 3);
	end_record();
	m.bytes[m.data - 1] = 4;
	check_message(REPLY
		      "\"answers\":[{\"name\":\"example.com\",\"type\":\"A\",\"class\":\"IN\","
		      "\"ttl\":300,\"data\":\"192.0.2.1\"}],\"malformed\":true}",
		      "example.com A NOERROR: A 192.0.2.1 (malformed)");
}

Test(decode_dns, each_cut_of_a_message_is_malformed_and_valid)
{
	struct lab *lab;
	size_t whole;

	begin_response(1);
	begin_record(15);
	put16(10);
	put_label("mail");
	put_pointer(12);
	end_record();
	whole = m.len;
	for (size_t len = 0; len < whole; len++) {
		lab = lab_new();
		lab_span(lab, PULSAR_KIND_DNS, "dns", m.bytes, len, whole);
		cr_expect_not_null(
			strstr(lab_payload(lab), "\"malformed\":true,\"dns_truncated\":true}"));
		lab_free(lab);
	}
}

Test(decode_dns, a_sample_that_was_cut_behind_the_answers_is_not_malformed)
{
	struct lab *lab = lab_new();

	begin(QUERY, 1, 0);
	put_name("a");
	put32(0x00010001);
	lab_span(lab, PULSAR_KIND_DNS, "dns", m.bytes, m.len, m.len + 11);
	cr_expect_str_eq(lab_payload(lab),
			 OPCODE "\"questions\":[{\"name\":\"a\",\"type\":\"A\",\"class\":\"IN\"}],"
				"\"dns_truncated\":true}");
	cr_expect_str_eq(lab_fields_text(lab), "a A…");
	lab_free(lab);
}

Test(decode_dns, what_the_sender_cut_is_truncated)
{
	begin(RESPONSE | 0x0200, 1, 0);
	put_name("example.com");
	put32(0x00010001);
	check_message(REPLY "\"answers\":[],\"truncated\":true}",
		      "example.com A NOERROR (truncated)");
}

Test(decode_dns, addresses_of_wrong_length)
{
	begin_response(1);
	begin_record(1);
	put_bytes("\xc0\0\2", 3);
	check_bad_answer("A", "3 c00002");
	begin_response(1);
	begin_record(28);
	put_bytes("\xc0\0\2\1", 4);
	check_bad_answer("AAAA", "4 c0000201");
}

Test(decode_dns, data_that_ends_before_or_behind_its_end)
{
	begin_response(1);
	begin_record(5);
	put_name("a");
	put8(0);
	check_bad_answer("CNAME", "4 01610000");
	begin_response(1);
	begin_record(16);
	put8(4);
	put_bytes("abc", 3);
	check_bad_answer("TXT", "4 04616263");
	begin_response(1);
	begin_record(16);
	check_bad_answer("TXT", "0");
	begin_response(1);
	begin_record(15);
	put8(0);
	check_bad_answer("MX", "1 00");
	begin_response(1);
	begin_record(65);
	put16(1);
	put8(0);
	put16(3);
	put16(3);
	put16(80);
	check_bad_answer("HTTPS", "9 000100000300030050");
}

Test(decode_dns, records_behind_a_malformed_one_are_read)
{
	begin_response(2);
	begin_record(1);
	end_record();
	begin_record(1);
	put_bytes("\xc0\0\2\1", 4);
	end_record();
	check_message(REPLY
		      "\"answers\":[{\"name\":\"example.com\",\"type\":\"A\",\"class\":\"IN\","
		      "\"ttl\":300,\"data\":\"\\\\# 0\"},{\"name\":\"example.com\",\"type\":\"A\","
		      "\"class\":\"IN\",\"ttl\":300,\"data\":\"192.0.2.1\"}],\"malformed\":true}",
		      "example.com A NOERROR: A \\# 0, A 192.0.2.1 (malformed)");
}
