/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages, written piece by piece, and what must become of them. */
#ifndef TESTS_DECODE_MESSAGE_H
#define TESTS_DECODE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

/* Flags of a header */
#define QUERY	 0x0100
#define RESPONSE 0x8180

struct message {
	uint8_t bytes[65536];
	size_t len;
	size_t data; /* where the data of the record in work begins */
};

/* The one in work. */
extern struct message msg;

void msg_put8(unsigned int x);
void msg_put16(unsigned int x);
void msg_put32(unsigned int x);
void msg_bytes(const void *bytes, size_t len);
/* A length byte and the label: or a character string. */
void msg_label(const char *label);
/* Labels with dots between them, and the root. */
void msg_name(const char *name);
void msg_pointer(unsigned int at);

/* A new message: its header. */
void msg_begin(unsigned int flags, unsigned int questions, unsigned int answers);
/* A response to a question of type A for example.com; its name is at 12. */
void msg_response(unsigned int answers);
/* A resource record whose owner is example.com; msg_record_end() knows how long its data became. */
void msg_record(unsigned int type);
void msg_record_end(void);

/* Fails the test unless the message gives this payload and this text. */
void msg_check(const char *payload, const char *text);

/* How payloads begin. */
#define OPCODE	 "{\"id\":4660,\"opcode\":\"QUERY\","
#define QUESTION "\"questions\":[{\"name\":\"example.com\",\"type\":\"A\",\"class\":\"IN\"}]"
#define REPLY	 OPCODE "\"rcode\":\"NOERROR\"," QUESTION ","

#endif
