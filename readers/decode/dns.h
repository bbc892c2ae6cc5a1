/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS messages (RFC 1035) out of packets, so out of anybody's hands.
 *
 * Own code and no library, because each record is one of many, from an
 * untrusted network, in a process that seccomp confines: this needs no
 * memory beyond the line that it writes, where ldns allocates for each resource
 * record, and it prints what could be read of a message that is cut or broken, where
 * libraries refuse it whole.
 */
#ifndef READERS_DECODE_DNS_H
#define READERS_DECODE_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Room that is used at most for a message of `len` bytes. It is enough for all that is
 * meant honestly; but two bytes can stand for a name of 255, so a message made to
 * swell is cut here, and called malformed.
 */
#define DNS_ROOM(len) (12 * (size_t)(len) + 32768)

/* A message, and how far it was read. */
struct dns {
	const uint8_t *msg;
	size_t len;
	size_t at;
	bool json;	/* backslash and quote are escaped once more */
	bool malformed; /* something was not as it must be */
};

/**
 * dns_json() - append what a message says as members of an object
 * @p: where; DNS_ROOM(@len) bytes
 * @msg: the message, from its header on
 * @len: bytes of it that are there
 *
 * ,"id":1,"opcode":"QUERY","rcode":"NOERROR","questions":[{"name":"example.com","type":"A",
 * "class":"IN"}],"answers":[{...,"ttl":300,"data":"192.0.2.1"}] and, where bytes are missing
 * or make no sense, "malformed":true after what could be read. "truncated":true says that
 * the sender cut it (TC). rcode and answers are of responses. Numbers without a
 * name are numbers (opcode, rcode) or TYPE65280 and CLASS255 (RFC 3597). data is a
 * string in the format of zone files (RFC 1035, 5.1; RFC 9460, 2.1); types not known, and
 * data that is not what its type says, are in the form of RFC 3597, 5: \# 2 abcd
 *
 * Return: the new end.
 */
char *dns_json(char *p, const uint8_t *msg, size_t len);

/**
 * dns_prints() - tell whether dns_json() may use a key
 * @key: the key
 */
bool dns_prints(const char *key);

/**
 * dns_text() - append what a message says in one line
 * @p: where; DNS_ROOM(@len) bytes
 * @msg: the message, from its header on
 * @len: bytes of it that are there
 *
 * example.com A NOERROR: A 192.0.2.1, A 192.0.2.2
 *
 * Return: the new end.
 */
char *dns_text(char *p, const uint8_t *msg, size_t len);

/* ---- between the files of the decoder ---- */

/* A name of 255 bytes, each of which becomes \\003 in JSON. */
#define DNS_NAME_ROOM	   1280
/* Data of `len` bytes: two names (SOA), numbers, and the rest by the byte. */
#define DNS_DATA_ROOM(len) (2 * DNS_NAME_ROOM + 128 + 8 * (size_t)(len))

/* Big endian integers; false: the message ends before. */
bool dns_take16(struct dns *dns, uint16_t *x);
bool dns_take32(struct dns *dns, uint32_t *x);

/**
 * dns_put_name() - read a name, append it without its last dot
 * @dns: moved behind the name, where it could be read
 * @p: where; DNS_NAME_ROOM bytes
 *
 * Dots and backslashes within a label become \. and \\, what is not printable \003
 * (RFC 1035, 5.1; RFC 4343, 2.1). The root is ".".
 *
 * Return: the new end, or NULL if there is no valid name.
 */
char *dns_put_name(struct dns *dns, char *p);

/**
 * dns_put_text() - append bytes as one quoted character string
 * @dns: for its format
 * @p: where; 5 bytes for each and 4 for the quotes
 * @s: the bytes
 * @len: how many
 *
 * Return: the new end.
 */
char *dns_put_text(const struct dns *dns, char *p, const uint8_t *s, size_t len);

/**
 * dns_put_type() - append the name of a record type, at most 16 bytes
 * @p: where
 * @type: the number
 *
 * Return: the new end.
 */
char *dns_put_type(char *p, uint16_t type);

/**
 * dns_put_data() - read the data of a resource record, append it
 * @dns: at the data; moved behind it in any case
 * @p: where; DNS_DATA_ROOM(@len) bytes
 * @type: of the record
 * @len: bytes of data; they are there
 *
 * Sets dns->malformed if they are not what the type says.
 *
 * Return: the new end.
 */
char *dns_put_data(struct dns *dns, char *p, uint16_t type, size_t len);

#endif
