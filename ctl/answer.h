/* SPDX-License-Identifier: Apache-2.0 */
/* Values out of loaderd's answers: what is not there, or of another type, is empty or 0. */
#ifndef CTL_ANSWER_H
#define CTL_ANSWER_H

#include <jansson.h>

/** answer_text() - a string, "" if there is none. */
static inline const char *answer_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/** answer_number() - an integer from 0 on. */
static inline unsigned long long answer_number(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 ? (unsigned long long)n : 0;
}

#endif
