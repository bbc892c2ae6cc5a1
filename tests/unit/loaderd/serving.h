/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server over a real stream, and its loop, for the tests of the server.
 */
#ifndef TESTS_LOADERD_SERVING_H
#define TESTS_LOADERD_SERVING_H

#include <sys/types.h>

#include <systemd/sd-event.h>

#include "client.h"
#include "lab.h"
#include "server.h"

struct serving {
	struct lab lab;
	struct stream *stream; /* subscription `default` is started; NULL: none is found */
	struct server *server;
	sd_event *event;
	char folder[64]; /* 0700 */
	char path[96];	 /* of the socket, in folder */
	int attached;	 /* readers that the daemon was told of */
};

extern struct serving serving;
extern const struct server_ops serving_ops;

/* For .init and .fini of a suite; skips the test if not root. */
void serving_setup(void);
void serving_teardown(void);

/* Replaces the server by one with these limits. */
void serving_limit(const struct server_limits *limits);
/* Attaches a well-behaved reader, and checks what it got: its connection. */
int serving_attach(const char *subscription, struct got *got);
/* The same, closed at once. */
void serving_expect_served(void);
/* Runs the loop until so many clients are left, those included whose end is under way. */
void serving_wait(unsigned int count);
/* Runs part() in a child of another user, and the loop meanwhile: what it returns. */
int serving_as_uid(uid_t uid, int (*part)(void));

#endif
