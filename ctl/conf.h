/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a configuration file, read and changed line by line, so that comments
 * and the order of everything stay. Pure. The rules are those of loaderd's reader
 * (libinih): [section], key = value, comments behind '#' and ';' at the front of a line
 * and behind " ;" in it; lists go on in lines that begin with a blank.
 */
#ifndef CTL_CONF_H
#define CTL_CONF_H

#include <stdbool.h>
#include <stddef.h>

/* "SECTION.KEY" taken apart. */
struct conf_key {
	char section[64];
	char key[128];
};

/**
 * conf_key_parse() - takes "file-created.ring_size" apart.
 *
 * Return: 0 or -EINVAL.
 */
int conf_key_parse(struct conf_key *key, const char *name);

/** conf_is_list() - whether a key takes several values, with commas between them. */
bool conf_is_list(const struct conf_key *key);

/**
 * conf_each() - calls @visit for each key, in the order of the file.
 * @value: of all its lines, without comments; a list's with ", " between them.
 *
 * Return: 0, -ENOMEM, or what @visit returned if that is not 0, which ends it.
 */
int conf_each(const char *text,
	      int (*visit)(const struct conf_key *key, const char *value, void *arg), void *arg);

/**
 * conf_get() - the value of a key.
 *
 * Return: for the caller to free, or NULL with ENOENT or ENOMEM.
 */
char *conf_get(const char *text, const struct conf_key *key);

/**
 * conf_value_wrong() - what of a value cannot be written into a file.
 *
 * Return: NULL: nothing; else words.
 */
const char *conf_value_wrong(const struct conf_key *key, const char *value);

/**
 * conf_set() - gives a key a value, where the key is, or where it fits.
 * @value: nothing is wrong with it; NULL: takes the key out.
 *
 * Return: the new text for the caller to free, or NULL with ENOMEM, or ENOENT: the key to be taken
 * out is not there.
 */
char *conf_set(const char *text, const struct conf_key *key, const char *value);

#endif
