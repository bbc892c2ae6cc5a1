/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings for a terminal, out of bytes of any origin: nothing that comes out
 * moves the cursor, changes a colour or turns the direction of writing.
 */
#ifndef READERS_TEXT_H
#define READERS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most bytes that text_string() makes of `len`: each a \x1f, quotes, an ellipsis. */
#define TEXT_STRING_MAX(len) (4 * (size_t)(len) + 5)

/**
 * text_string() - append bytes so that a terminal shows them
 * @p: where; TEXT_STRING_MAX(@len) bytes
 * @s: the bytes
 * @len: how many
 * @cut: there were more: an ellipsis follows
 *
 * Quotes stand around a value that is empty or has a blank, a quote or an equals
 * sign in it. Backslashes are doubled, control characters and bytes that are no
 * UTF-8 become \x1b, characters above ASCII that steer \u{202e}.
 *
 * Return: the new end.
 */
char *text_string(char *p, const uint8_t *s, size_t len, bool cut);

#endif
