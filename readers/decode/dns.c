// SPDX-License-Identifier: Apache-2.0
/* Kind DNS: the message as a whole, its questions and answers. See dns.h. */
#include "dns.h"

#include "../put.h"
#include "decode.h"

#define QR	   0x8000 /* a response */
#define TC	   0x0200 /* cut by the sender */
/* A question, or an answer up to its data: a name, keys, numbers. */
#define OWNER_ROOM (DNS_NAME_ROOM + 256)
/* What follows the last entry. */
#define END_ROOM   256

struct header {
	uint16_t id, flags, questions, answers, authorities, additionals;
};

static bool take_header(struct dns *dns, struct header *h)
{
	return dns_take16(dns, &h->id) && dns_take16(dns, &h->flags) &&
	       dns_take16(dns, &h->questions) && dns_take16(dns, &h->answers) &&
	       dns_take16(dns, &h->authorities) && dns_take16(dns, &h->additionals);
}

/* Names of the IANA registry "DNS OpCodes"; NULL: none. */
static const char *opcode_name(unsigned int opcode)
{
	static const char *const names[16] = {
		"QUERY", "IQUERY", "STATUS", NULL, "NOTIFY", "UPDATE", "DSO",
	};

	return names[opcode & 15];
}

/* Of "DNS RCODEs", as far as a header without EDNS can say. */
static const char *rcode_name(unsigned int rcode)
{
	static const char *const names[16] = {
		"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
		"YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE", "DSOTYPENI",
	};

	return names[rcode & 15];
}

static char *put_name_or_number(char *p, const char *name, unsigned int number, const char *quote)
{
	if (!name)
		return put_u64(p, number);
	p = put_mem(p, quote, strlen(quote));
	p = put_mem(p, name, strlen(name));
	return put_mem(p, quote, strlen(quote));
}

static char *put_class(char *p, uint16_t class)
{
	switch (class) {
	case 1:
		return put_lit(p, "IN");
	case 3:
		return put_lit(p, "CH");
	case 4:
		return put_lit(p, "HS");
	case 254:
		return put_lit(p, "NONE");
	case 255:
		return put_lit(p, "ANY");
	}
	p = put_lit(p, "CLASS");
	return put_u64(p, class);
}

/* What questions and answers begin with. For text only the name and the type. */
static char *put_owner(struct dns *dns, char *p, uint16_t *type)
{
	uint16_t class;

	if (dns->json)
		p = put_lit(p, "{\"name\":\"");
	p = dns_put_name(dns, p);
	if (!p || !dns_take16(dns, type) || !dns_take16(dns, &class))
		return NULL;
	p = dns->json ? put_lit(p, "\",\"type\":\"") : put_lit(p, " ");
	p = dns_put_type(p, *type);
	if (!dns->json)
		return p;
	p = put_lit(p, "\",\"class\":\"");
	p = put_class(p, class);
	return put_lit(p, "\"");
}

static char *put_question(struct dns *dns, char *p, const char *end)
{
	uint16_t type;

	if (end - p < OWNER_ROOM)
		return NULL;
	p = put_owner(dns, p, &type);
	return p && dns->json ? put_lit(p, "}") : p;
}

static char *put_answer(struct dns *dns, char *p, const char *end)
{
	uint16_t type, len;
	char *start = p;
	uint32_t ttl;

	if (end - p < OWNER_ROOM)
		return NULL;
	p = put_owner(dns, p, &type);
	if (!p || !dns_take32(dns, &ttl) || !dns_take16(dns, &len) || dns->len - dns->at < len)
		return NULL;
	if ((size_t)(end - p) < DNS_DATA_ROOM(len))
		return NULL;
	if (!dns->json) {
		p = dns_put_type(start, type);
		*p++ = ' ';
		return dns_put_data(dns, p, type, len);
	}
	p = put_lit(p, ",\"ttl\":");
	p = put_u64(p, ttl);
	p = put_lit(p, ",\"data\":\"");
	p = dns_put_data(dns, p, type, len);
	return put_lit(p, "\"}");
}

/*
 * As many of `count` entries as can be read, with commas between them. After one that
 * cannot, nobody knows where the next begins: nothing further is read.
 */
static char *put_entries(struct dns *dns, char *p, const char *end, unsigned int count,
			 char *(*put)(struct dns *, char *, const char *))
{
	const char *comma = dns->json ? "," : ", ";

	for (unsigned int i = 0; i < count; i++) {
		char *next = put(dns, i ? put_mem(p, comma, strlen(comma)) : p, end);

		if (!next) {
			dns->malformed = true;
			dns->at = dns->len;
			break;
		}
		p = next;
	}
	return p;
}

char *dns_json(char *p, const uint8_t *msg, size_t len)
{
	struct dns dns = { .msg = msg, .len = len, .json = true };
	const char *end = p + DNS_ROOM(len) - END_ROOM;
	struct header h;

	if (!take_header(&dns, &h))
		return put_lit(p, ",\"malformed\":true");
	p = put_lit(p, ",\"id\":");
	p = put_u64(p, h.id);
	p = put_lit(p, ",\"opcode\":");
	p = put_name_or_number(p, opcode_name(h.flags >> 11), h.flags >> 11 & 15, "\"");
	if (h.flags & QR) {
		p = put_lit(p, ",\"rcode\":");
		p = put_name_or_number(p, rcode_name(h.flags), h.flags & 15, "\"");
	}
	p = put_lit(p, ",\"questions\":[");
	p = put_entries(&dns, p, end, h.questions, put_question);
	*p++ = ']';
	if (h.flags & QR) {
		p = put_lit(p, ",\"answers\":[");
		p = put_entries(&dns, p, end, h.answers, put_answer);
		*p++ = ']';
	}
	if (h.flags & TC)
		p = put_lit(p, ",\"truncated\":true");
	return dns.malformed ? put_lit(p, ",\"malformed\":true") : p;
}

bool dns_prints(const char *key)
{
	static const char *const keys[] = { "id",      "opcode",    "rcode",	"questions",
					    "answers", "truncated", "malformed" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!strcmp(key, keys[i]))
			return true;
	}
	return false;
}

char *dns_text(char *p, const uint8_t *msg, size_t len)
{
	struct dns dns = { .msg = msg, .len = len };
	const char *end = p + DNS_ROOM(len) - END_ROOM;
	struct header h;

	if (!take_header(&dns, &h))
		return put_lit(p, "(malformed)");
	p = put_entries(&dns, p, end, h.questions, put_question);
	if (h.flags & QR) {
		p = put_lit(p, " ");
		p = put_name_or_number(p, rcode_name(h.flags), h.flags & 15, "");
	}
	if (h.flags & QR && h.answers && dns.at < dns.len) {
		p = put_lit(p, ": ");
		p = put_entries(&dns, p, end, h.answers, put_answer);
	}
	if (h.flags & TC)
		p = put_lit(p, " (truncated)");
	return dns.malformed ? put_lit(p, " (malformed)") : p;
}

static char *field_json(const struct field *field, const struct record *record, char *p,
			const char *end)
{
	struct pulsar_bytes span = field_span(field, record);

	if ((size_t)(end - p) < DNS_ROOM(span.len) + field->room)
		return NULL;
	p = dns_json(p, record->bytes + span.offset, span.len);
	return span.len < span.full ? put_block(p, field->extra.cut, field->extra.cut_len) : p;
}

static char *field_text(const struct field *field, const struct record *record, char *p,
			const char *end)
{
	struct pulsar_bytes span = field_span(field, record);

	if ((size_t)(end - p) < DNS_ROOM(span.len) + field->room)
		return NULL;
	p = dns_text(p, record->bytes + span.offset, span.len);
	return span.len < span.full ? put_lit(p, "…") : p;
}

const struct decoder decode_dns = {
	.size = sizeof(struct pulsar_bytes),
	.room = 16,
	.flags = DECODER_SPAN | DECODER_EXTRA | DECODER_IN_PLACE,
	.json = field_json,
	.text = field_text,
};
