/* SPDX-License-Identifier: Apache-2.0 */
/* A loaderd that says anything, at the other end of a pair of sockets. */
#ifndef TESTS_STREAM_PEER_H
#define TESTS_STREAM_PEER_H

#include <stddef.h>

#include "connect.h"

#define PEER_FDS_MAX 253 /* of one message, SCM_MAX_FD */

/* Room for the largest good answer and some more. */
union peer_message {
	struct pulsar_answer_rings rings;
	struct pulsar_answer_error error;
	char bytes[8192];
};

struct peer {
	int ours, theirs; /* the two ends */
	int thing;	  /* a descriptor to be passed */
	unsigned int fds; /* open in this process before the test */
	struct answer answer;
	struct refusal refusal;
	union peer_message message; /* what is said next */
};

void peer_init(struct peer *peer);
/* Fails the test if it has left a descriptor open. */
void peer_release(struct peer *peer);
void peer_closes(struct peer *peer);

/* Descriptors that are open in this process. */
unsigned int peer_open_fds(void);
/* Sends `len` bytes of message, and `fds` descriptors. */
void peer_says(struct peer *peer, size_t len, unsigned int fds);
/* Makes a good answer with `count` rings, or a refusal; returns its length. */
size_t peer_good(struct peer *peer, unsigned int count);
size_t peer_refusal(struct peer *peer, int error);

#endif
