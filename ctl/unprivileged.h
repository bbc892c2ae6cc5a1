/* SPDX-License-Identifier: Apache-2.0 */
/* Giving up privileges. */
#ifndef CTL_UNPRIVILEGED_H
#define CTL_UNPRIVILEGED_H

/**
 * unprivileged_keep_reading() - keeps the capabilities to look at pins and programs, if there are
 * any, and no others; nothing can be gained any more. Before any thread is made.
 *
 * Return: 0, or CTL_FAILED with a line on stderr.
 */
int unprivileged_keep_reading(void);

#endif
