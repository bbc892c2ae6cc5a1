/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file: which one it is, read whole, replaced whole. */
#ifndef CTL_CONF_FILE_H
#define CTL_CONF_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "ctl.h"

struct conf_file {
	char path[PATH_MAX]; /* symbolic links are resolved */
	int lock;	     /* of its directory; -1: none */
	bool there;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	char *text; /* "" if there is no file */
};

/**
 * conf_file_open() - finds and reads the file.
 * @file: conf_file_close() in any case.
 * @change: also keeps others from changing it, until it is closed.
 *
 * That is the file of --config, or the one that loaderd uses, or PULSAR_CONFIG.
 *
 * Return: 0, or CTL_FAILED with a line on stderr.
 */
int conf_file_open(struct conf_file *file, const struct ctl *ctl, bool change);

/**
 * conf_file_write() - puts a text into a new file beside it, with the owner and mode of the old one.
 * @path: of the new file, PATH_MAX bytes.
 *
 * Return: 0, or CTL_FAILED with a line on stderr.
 */
int conf_file_write(const struct conf_file *file, const char *text, char *path);

/**
 * conf_file_replace() - puts what conf_file_write() made in the place of the file, in one step.
 *
 * Return: 0, or CTL_FAILED with a line on stderr; then the new file is gone.
 */
int conf_file_replace(const struct conf_file *file, const char *path);

/** conf_file_close() - unlocks and frees. */
void conf_file_close(struct conf_file *file);

#endif
