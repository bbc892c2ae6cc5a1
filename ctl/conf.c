// SPDX-License-Identifier: Apache-2.0
/* Reading and changing the text of a configuration. */
#include "conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pulsar/config.h>

#include "conf_lines.h"

/* Columns of a list's line, before it goes on in the next; the reader takes at most 199 bytes. */
#define LIST_WIDTH 100

int conf_key_parse(struct conf_key *key, const char *name)
{
	const char *dot = strchr(name, '.');

	if (!dot || dot == name || !dot[1] || (size_t)(dot - name) >= sizeof(key->section) ||
	    strlen(dot + 1) >= sizeof(key->key))
		return -EINVAL;
	for (const char *c = name; *c; c++)
		if (c != dot && !isalnum((unsigned char)*c) && *c != '_' && *c != '-')
			return -EINVAL;
	snprintf(key->section, sizeof(key->section), "%.*s", (int)(dot - name), name);
	strcpy(key->key, dot + 1);
	return 0;
}

bool conf_is_list(const struct conf_key *key)
{
	const struct pulsar_config_key *known = pulsar_config_find(key->section, key->key);

	return known && known->list;
}

/* ---- reading ---- */

/* Adds a line's part of a value, with one comma in between. */
static int value_add(char **value, struct conf_span more)
{
	size_t len = *value ? strlen(*value) : 0;
	char *longer;

	while (len && ((*value)[len - 1] == ',' || isspace((unsigned char)(*value)[len - 1])))
		len--;
	longer = realloc(*value, len + 2 + more.len + 1);
	if (!longer)
		return -ENOMEM;
	*value = longer;
	if (len && more.len) {
		memcpy(longer + len, ", ", 2);
		len += 2;
	}
	memcpy(longer + len, more.at, more.len);
	longer[len + more.len] = '\0';
	return 0;
}

/* A comma at the very end separates nothing. */
static void value_finish(char *value)
{
	size_t len = strlen(value);

	while (len && (value[len - 1] == ',' || isspace((unsigned char)value[len - 1])))
		value[--len] = '\0';
}

static int visit_key(const struct conf_key *key, char *value,
		     int (*visit)(const struct conf_key *key, const char *value, void *arg),
		     void *arg)
{
	if (conf_is_list(key))
		value_finish(value);
	return visit(key, value, arg);
}

int conf_each(const char *text,
	      int (*visit)(const struct conf_key *key, const char *value, void *arg), void *arg)
{
	struct conf_lines lines = { .next = text };
	struct conf_key key;
	char *value = NULL;
	int err = 0;

	while (!err && conf_lines_next(&lines)) {
		if (lines.line.kind != CONF_KEY && lines.line.kind != CONF_MORE)
			continue;
		if (lines.line.kind == CONF_KEY && value) {
			err = visit_key(&key, value, visit, arg);
			free(value);
			value = NULL;
		}
		key = lines.line.key;
		if (!err)
			err = value_add(&value, lines.line.value);
	}
	if (!err && value)
		err = visit_key(&key, value, visit, arg);
	free(value);
	return err;
}

struct conf_wanted {
	const struct conf_key *key;
	char *value;
};

static bool same_key(const struct conf_key *a, const struct conf_key *b)
{
	return !strcmp(a->section, b->section) && !strcmp(a->key, b->key);
}

static int take_wanted(const struct conf_key *key, const char *value, void *arg)
{
	struct conf_wanted *wanted = arg;

	if (!same_key(key, wanted->key))
		return 0;
	wanted->value = strdup(value);
	return wanted->value ? 1 : -ENOMEM;
}

char *conf_get(const char *text, const struct conf_key *key)
{
	struct conf_wanted wanted = { .key = key };
	int err = conf_each(text, take_wanted, &wanted);

	errno = err < 0 ? -err : ENOENT;
	return wanted.value;
}

/* ---- writing ---- */

const char *conf_value_wrong(const struct conf_key *key, const char *value)
{
	for (const char *c = value; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return "control characters";
		if (*c == ';' && (c == value || c[-1] == ' '))
			return "a ';' behind a blank, which begins a comment";
		/* An item may come to stand at the front of a line. */
		if (*c == '#' && conf_is_list(key) && (c == value || c[-1] == ' ' || c[-1] == ','))
			return "a '#' at the front of an item, which begins a comment";
	}
	return NULL;
}

/* Writes a list; it goes on in a new line where one would become too long. */
static void write_list(FILE *out, size_t column, const char *value, const char *eol)
{
	while (*value) {
		size_t len = strcspn(value, ",");
		size_t rest = len + strspn(value + len, ", ");

		while (len && value[len - 1] == ' ')
			len--;
		fprintf(out, "%.*s", (int)len, value);
		column += len;
		value += rest;
		if (!*value)
			return;
		if (column + 2 + strcspn(value, ",") > LIST_WIDTH) {
			fprintf(out, ",%s\t", eol);
			column = 8;
		} else {
			fprintf(out, ", ");
			column += 2;
		}
	}
}

static void write_value(FILE *out, size_t column, const struct conf_key *key, const char *value,
			const char *eol)
{
	if (conf_is_list(key))
		write_list(out, column, value + strspn(value, ", "), eol);
	else
		fputs(value, out);
}

static void write_new(FILE *out, const struct conf_key *key, const char *value, const char *eol)
{
	fprintf(out, "%s = ", key->key);
	write_value(out, strlen(key->key) + 3, key, value, eol);
	fputs(eol, out);
}

/* The line with another value: what is in front of it, and a comment behind it, stay. */
static void write_changed(FILE *out, const struct conf_line *line, const char *value,
			  const char *eol)
{
	const char *end = line->all.at + line->all.len;
	const char *behind = line->value.at + line->value.len;
	size_t front = (size_t)(line->value.at - line->all.at);

	/* "key =" without a value: the value begins where the line ends. */
	while (front && strchr("\r\n", line->all.at[front - 1]))
		front--;
	fwrite(line->all.at, 1, front, out);
	if (front && (line->all.at[front - 1] == '=' || line->all.at[front - 1] == ':'))
		fputc(' ', out);
	write_value(out, front, &line->key, value, eol);
	if (behind < line->all.at + front)
		behind = line->all.at + front;
	/* What was a comment without a value in front stays one. */
	if (*behind == ';')
		fputc(' ', out);
	fwrite(behind, 1, (size_t)(end - behind), out);
	if (!line->all.len || end[-1] != '\n')
		fputs(eol, out);
}

static const char *end_of_line(const char *text)
{
	const char *end = strchr(text, '\n');

	return end && end > text && end[-1] == '\r' ? "\r\n" : "\n";
}

/* Where a new key belongs: behind an example of it, or behind the last key of its section. */
static const char *find_place(const char *text, const struct conf_key *key)
{
	struct conf_lines lines = { .next = text };
	const char *example = NULL, *last = NULL;

	while (conf_lines_next(&lines)) {
		const struct conf_line *line = &lines.line;

		if (strcmp(line->key.section, key->section))
			continue;
		/* Not between two lines of a list. */
		if (line->kind == CONF_MORE)
			example = example && example > last ? NULL : example;
		if (conf_line_shows(line, key))
			example = lines.next;
		if (line->kind == CONF_SECTION || line->kind == CONF_KEY || line->kind == CONF_MORE)
			last = lines.next;
	}
	return example ? example : last;
}

static void write_added(FILE *out, const char *text, const struct conf_key *key, const char *value)
{
	const char *place = find_place(text, key), *eol = end_of_line(text);
	size_t len = place ? (size_t)(place - text) : strlen(text);

	fwrite(text, 1, len, out);
	if (len && text[len - 1] != '\n')
		fputs(eol, out);
	if (!place)
		fprintf(out, "%s[%s]%s", len ? eol : "", key->section, eol);
	write_new(out, key, value, eol);
	fputs(text + len, out);
}

static void write_replaced(FILE *out, const char *text, const struct conf_key *key,
			   const char *value)
{
	struct conf_lines lines = { .next = text };
	const char *eol = end_of_line(text);
	bool found = false;

	while (conf_lines_next(&lines)) {
		const struct conf_line *line = &lines.line;
		bool its = (line->kind == CONF_KEY || line->kind == CONF_MORE) &&
			   same_key(&line->key, key);

		if (!its)
			fwrite(line->all.at, 1, line->all.len, out);
		else if (line->kind == CONF_KEY && !found && value)
			write_changed(out, line, value, eol);
		found |= its;
	}
}

char *conf_set(const char *text, const struct conf_key *key, const char *value)
{
	char *old = conf_get(text, key), *result = NULL;
	bool there = old;
	size_t size;
	FILE *out;

	free(old);
	if (!there && (errno != ENOENT || !value))
		return NULL;
	out = open_memstream(&result, &size);
	if (!out)
		return NULL;
	if (there)
		write_replaced(out, text, key, value);
	else
		write_added(out, text, key, value);
	if (!fclose(out))
		return result;
	free(result);
	errno = ENOMEM;
	return NULL;
}
