// SPDX-License-Identifier: Apache-2.0
/* DNS messages, written piece by piece: see decode_message.h. */
#include "decode_message.h"

#include <criterion/criterion.h>
#include <string.h>

#include "decode_lab.h"

struct message msg;

void msg_put8(unsigned int x)
{
	msg.bytes[msg.len++] = x;
}

void msg_put16(unsigned int x)
{
	msg_put8(x >> 8);
	msg_put8(x & 0xff);
}

void msg_put32(unsigned int x)
{
	msg_put16(x >> 16);
	msg_put16(x & 0xffff);
}

void msg_bytes(const void *bytes, size_t len)
{
	memcpy(msg.bytes + msg.len, bytes, len);
	msg.len += len;
}

void msg_label(const char *label)
{
	msg_put8(strlen(label));
	msg_bytes(label, strlen(label));
}

void msg_name(const char *name)
{
	while (*name) {
		size_t len = strcspn(name, ".");

		msg_put8(len);
		msg_bytes(name, len);
		name += len + (name[len] == '.');
	}
	msg_put8(0);
}

void msg_pointer(unsigned int at)
{
	msg_put16(0xc000 | at);
}

void msg_begin(unsigned int flags, unsigned int questions, unsigned int answers)
{
	msg.len = 0;
	msg_put16(0x1234);
	msg_put16(flags);
	msg_put16(questions);
	msg_put16(answers);
	msg_put32(0);
}

void msg_response(unsigned int answers)
{
	msg_begin(RESPONSE, 1, answers);
	msg_name("example.com");
	msg_put16(1);
	msg_put16(1);
}

void msg_record(unsigned int type)
{
	msg_pointer(12);
	msg_put16(type);
	msg_put16(1);
	msg_put32(300);
	msg_put16(0);
	msg.data = msg.len;
}

void msg_record_end(void)
{
	msg.bytes[msg.data - 2] = (msg.len - msg.data) >> 8;
	msg.bytes[msg.data - 1] = msg.len - msg.data;
}

void msg_check(const char *payload, const char *text)
{
	struct lab *lab = lab_new();

	lab_span(lab, PULSAR_KIND_DNS, "dns", msg.bytes, msg.len, msg.len);
	cr_expect_str_eq(lab_payload(lab), payload);
	cr_expect_str_eq(lab_fields_text(lab), text);
	lab_free(lab);
}
