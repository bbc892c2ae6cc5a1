/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold for every line, whatever it was made of: a JSON object of RFC
 * 8259 in valid UTF-8, or text that cannot steer a terminal. Aborts otherwise,
 * which is how a fuzzer learns of it.
 */
#ifndef FUZZ_VALID_H
#define FUZZ_VALID_H

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

struct valid {
	const char *at;
	const char *end;
};

static inline void valid_must(bool holds)
{
	if (!holds)
		abort();
}

static inline bool valid_take(struct valid *v, char c)
{
	if (v->at == v->end || *v->at != c)
		return false;
	v->at++;
	return true;
}

static inline void valid_escape(struct valid *v)
{
	valid_must(v->at < v->end);
	if (*v->at != 'u') {
		valid_must(memchr("\"\\/bfnrt", *v->at++, 8) != NULL);
		return;
	}
	v->at++;
	for (int i = 0; i < 4; i++)
		valid_must(v->at < v->end && isxdigit((unsigned char)*v->at++));
}

/* The quote was taken already. */
static inline void valid_string(struct valid *v)
{
	uint32_t code;
	unsigned int len;

	while (!valid_take(v, '"')) {
		valid_must(v->at < v->end);
		if (valid_take(v, '\\')) {
			valid_escape(v);
			continue;
		}
		len = utf8_sequence((const uint8_t *)v->at, v->end - v->at, &code);
		valid_must(len > 0 && code >= 0x20);
		v->at += len;
	}
}

static inline void valid_number(struct valid *v)
{
	valid_take(v, '-');
	valid_must(v->at < v->end && isdigit((unsigned char)*v->at));
	if (valid_take(v, '0'))
		return;
	while (v->at < v->end && isdigit((unsigned char)*v->at))
		v->at++;
}

static inline void valid_word(struct valid *v, const char *word)
{
	valid_must((size_t)(v->end - v->at) >= strlen(word));
	valid_must(!memcmp(v->at, word, strlen(word)));
	v->at += strlen(word);
}

static inline void valid_value(struct valid *v);

static inline void valid_object(struct valid *v)
{
	if (valid_take(v, '}'))
		return;
	do {
		valid_must(valid_take(v, '"'));
		valid_string(v);
		valid_must(valid_take(v, ':'));
		valid_value(v);
	} while (valid_take(v, ','));
	valid_must(valid_take(v, '}'));
}

static inline void valid_array(struct valid *v)
{
	if (valid_take(v, ']'))
		return;
	do
		valid_value(v);
	while (valid_take(v, ','));
	valid_must(valid_take(v, ']'));
}

static inline void valid_value(struct valid *v)
{
	if (valid_take(v, '{'))
		valid_object(v);
	else if (valid_take(v, '['))
		valid_array(v);
	else if (valid_take(v, '"'))
		valid_string(v);
	else if (v->at < v->end && *v->at == 't')
		valid_word(v, "true");
	else if (v->at < v->end && *v->at == 'f')
		valid_word(v, "false");
	else if (v->at < v->end && *v->at == 'n')
		valid_word(v, "null");
	else
		valid_number(v);
}

/* One object, without blanks, and nothing behind it. */
static inline void valid_json(const char *bytes, size_t len)
{
	struct valid v = { bytes, bytes + len };

	valid_must(valid_take(&v, '{'));
	valid_object(&v);
	valid_must(v.at == v.end);
}

static inline void valid_text(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		valid_must((unsigned char)bytes[i] >= 0x20 && bytes[i] != 0x7f);
}

#endif
