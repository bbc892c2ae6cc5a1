// SPDX-License-Identifier: Apache-2.0
/* One line after the other. */
#include "conf_lines.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool blank(char c)
{
	return isspace((unsigned char)c);
}

static struct conf_span trim(const char *at, const char *end)
{
	while (at < end && blank(*at))
		at++;
	while (end > at && blank(end[-1]))
		end--;
	return (struct conf_span){ at, (size_t)(end - at) };
}

/* Where a comment within a line begins: a ';' behind a blank; or the end. */
static const char *comment(const char *at, const char *end)
{
	for (const char *c = at; c < end; c++)
		if (*c == ';' && c > at && blank(c[-1]))
			return c;
	return end;
}

static bool copy(char *to, size_t size, struct conf_span from)
{
	if (from.len >= size)
		return false;
	memcpy(to, from.at, from.len);
	to[from.len] = '\0';
	return true;
}

static enum conf_kind take_section(struct conf_line *line, struct conf_span text)
{
	const char *end = memchr(text.at, ']', text.len);

	line->key.section[0] = '\0';
	if (!end || !copy(line->key.section, sizeof(line->key.section),
			  (struct conf_span){ text.at + 1, (size_t)(end - text.at - 1) }))
		return CONF_OTHER;
	return CONF_SECTION;
}

static enum conf_kind take_key(struct conf_line *line, struct conf_span text)
{
	const char *end = text.at + text.len;
	const char *equals = text.at;

	end = comment(text.at, end);
	while (equals < end && *equals != '=' && *equals != ':')
		equals++;
	if (equals == end || !copy(line->key.key, sizeof(line->key.key), trim(text.at, equals)))
		return CONF_OTHER;
	line->value = trim(equals + 1, comment(equals + 1, text.at + text.len));
	return CONF_KEY;
}

static enum conf_kind take(struct conf_lines *lines, const char *end)
{
	struct conf_line *line = &lines->line;
	const char *mark = lines->begun ? "" : "\xef\xbb\xbf"; /* of UTF-8 */
	bool marked = *mark && !strncmp(line->all.at, mark, strlen(mark));
	struct conf_span text = trim(line->all.at + (marked ? strlen(mark) : 0), end);

	if (!text.len)
		return CONF_BLANK;
	if (*text.at == '#' || *text.at == ';')
		return CONF_COMMENT;
	if (lines->in_list && (*line->all.at == ' ' || *line->all.at == '\t')) {
		line->value = trim(text.at, comment(text.at, text.at + text.len));
		return CONF_MORE;
	}
	return *text.at == '[' ? take_section(line, text) : take_key(line, text);
}

bool conf_lines_next(struct conf_lines *lines)
{
	struct conf_line *line = &lines->line;
	const char *end;

	if (!*lines->next)
		return false;
	end = strchrnul(lines->next, '\n');
	line->all.at = lines->next;
	line->all.len = (size_t)(end - lines->next) + (*end == '\n');
	lines->next += line->all.len;
	line->kind = take(lines, end);
	lines->begun = true;
	if (line->kind == CONF_KEY)
		lines->in_list = conf_is_list(&line->key);
	else if (line->kind == CONF_SECTION || line->kind == CONF_OTHER)
		lines->in_list = false;
	return true;
}

bool conf_line_shows(const struct conf_line *line, const struct conf_key *key)
{
	struct conf_line shown = { .kind = CONF_OTHER };
	struct conf_span text;

	if (line->kind != CONF_COMMENT || strcmp(line->key.section, key->section))
		return false;
	text = trim(line->all.at, line->all.at + line->all.len);
	while (text.len && (*text.at == '#' || *text.at == ';'))
		text.at++, text.len--;
	text = trim(text.at, text.at + text.len);
	return text.len && take_key(&shown, text) == CONF_KEY && !strcmp(shown.key.key, key->key);
}
