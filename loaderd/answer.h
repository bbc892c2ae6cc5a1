/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What loaderd says to a client: each of these sends without waiting, so a
 * client that does not read gets an error here, and loses its connection.
 */
#ifndef LOADERD_ANSWER_H
#define LOADERD_ANSWER_H

#include <stdbool.h>

struct stream_holder;
struct subscription;

/**
 * answer_rings() - send the rings that the subscription's reader does not have yet
 * @fd: the connection
 * @first: with the position map, as the answer to a request
 *
 * In as many messages as descriptors fit in; without @first and without a new ring, in none.
 *
 * Return: how many rings were sent, or negative errno; -EAGAIN the client does not read.
 */
int answer_rings(int fd, struct subscription *subscription, bool first);

/* Sends a JSON text: 0 or negative errno; -EMSGSIZE it is longer than a message can be. */
int answer_control(int fd, const char *json);

/**
 * answer_error() - say why a request fails; the caller ends the connection
 * @error: positive errno
 * @holder: who has the subscription; NULL: nobody
 * @text: cut to what fits
 */
int answer_error(int fd, int error, const struct stream_holder *holder, const char *text);

#endif
