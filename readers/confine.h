/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader decodes what untrusted processes have written, so it gives away all that it does not
 * need before it reads the first byte.
 */
#ifndef READERS_CONFINE_H
#define READERS_CONFINE_H

#include <stdbool.h>

/**
 * confine() - drop all capabilities, and all system calls but those of a reader
 * @look: files are looked at (derive/elf.h): they may be opened, for reading only
 *
 * What remains: to read, write and sleep with what is open, to map rings and positions, to connect to
 * loaderd again, and to open pins of maps and read them. No other file can be opened, no program be
 * run, no memory be made executable. Anything else fails with EPERM.
 *
 * Comes after what needs other files: the time zone, the names of groups.
 *
 * Return: 0 or negative errno.
 */
int confine(bool look);

#endif
