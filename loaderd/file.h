/* SPDX-License-Identifier: Apache-2.0 */
/* Files that the daemon trusts: read whole, once, after a look at who could have written them. */
#ifndef LOADERD_FILE_H
#define LOADERD_FILE_H

#include <stddef.h>

#include "pin.h"

/**
 * file_read_trusted() - reads a file that only root could have written.
 * @dir: what a relative @name starts from, AT_FDCWD: the working directory.
 * @name: a symbolic link is followed; what it leads to is what counts.
 * @path: how errors call the file.
 * @max: bytes that the file may have.
 * @data: on success, its bytes and one NUL more; the caller frees them.
 * @size: on success, bytes of it, the NUL not counted.
 * @error: what was wrong, with the path.
 *
 * The file must be regular, owned by root, and not writable by group or others.
 * That is verified on the open descriptor that the bytes are then read from, so
 * nobody can exchange the file in between, and a file that root writes
 * meanwhile is read in one state or refused by its size.
 *
 * Return: 0, or -ENOENT, -EPERM not root's or writable by others, -EINVAL not a
 * regular file, -EFBIG, -ENOMEM, another negative errno of open(2) or read(2).
 */
int file_read_trusted(int dir, const char *name, const char *path, size_t max, char **data,
		      size_t *size, struct pin_error *error);

/**
 * file_open_dir() - opens a directory in which only root could have put anything.
 *
 * Return: a descriptor that the caller closes, or -ENOENT, -ENOTDIR, -EPERM not
 * root's or writable by others, another negative errno of open(2).
 */
int file_open_dir(const char *path, struct pin_error *error);

#endif
