/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places for the acts of rows.h: each brings the process that calls it to where the
 * paths of its files are not the plain ones. What is mounted goes with the process.
 */
#ifndef TESTS_LIVE_PLACES_H
#define TESTS_LIVE_PLACES_H

/*
 * All return 0, or ROW_SKIP if it cannot be done here; and what they make is in the current folder.
 */

/* A mount namespace of its own, whose mounts nobody else sees. */
int place_namespace(void);
/* The same; and bound/ is made/ mounted a second time. Both exist already. */
int place_bind(void);
/*
 * The same; merged/ is an overlay of lower/ and upper/, with its work in work/. All exist already.
 */
int place_overlay(void);
/* A tmpfs at there/, which exists already. */
int place_tmpfs(void);
/* The root is root/, which exists already, and the current folder is it. */
int place_chroot(void);

/* Makes the folders that these need. */
void place_folders(void);

/* Opens by io_uring: a descriptor, negative errno, or -ENOSYS if it is not to be had. */
int uring_open(const char *path, int flags, unsigned int mode);

#endif
