/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a configuration file: conf.c's way to go over a text. */
#ifndef CTL_CONF_LINES_H
#define CTL_CONF_LINES_H

#include "conf.h"

enum conf_kind {
	CONF_BLANK,
	CONF_COMMENT,
	CONF_SECTION,
	CONF_KEY,
	CONF_MORE,  /* of the list above it */
	CONF_OTHER, /* nothing that the reader takes */
};

/* Parts of a text, not ended by a NUL. */
struct conf_span {
	const char *at;
	size_t len;
};

struct conf_line {
	struct conf_span all; /* with its end */
	enum conf_kind kind;
	struct conf_key key;	/* KEY, MORE: whose it is; section: in any case */
	struct conf_span value; /* KEY, MORE: without blanks and comments around it */
};

/* Zeroed but for `next`, it stands in front of the first line. */
struct conf_lines {
	const char *next;
	struct conf_line line;
	bool begun, in_list;
};

/** conf_lines_next() - goes to the next line; false: there is none. */
bool conf_lines_next(struct conf_lines *lines);

/** conf_line_shows() - whether a line is a comment that has this key as an example: "#key = ...". */
bool conf_line_shows(const struct conf_line *line, const struct conf_key *key);

#endif
