/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences for struct pin_error, which is how everything below the daemon's
 * life tells what went wrong: the library returns, the daemon logs.
 */
#ifndef LOADERD_ERROR_H
#define LOADERD_ERROR_H

#include "pin.h"

/**
 * error_set() - writes the sentence of an error.
 * @error: may be NULL.
 * @err: what to return; negative errno.
 * @format: printf-like; %m is the text of -@err. May use the old text of @error.
 *
 * Return: @err, so that `return error_set(...)` is the whole exit.
 */
int error_set(struct pin_error *error, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * error_prefix() - puts "WHAT: " in front of the sentence that is there.
 * @error: may be NULL.
 * @err: what to return; negative errno.
 *
 * Return: @err.
 */
int error_prefix(struct pin_error *error, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
