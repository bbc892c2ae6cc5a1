/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripted clients of a server in the same process: each call that waits runs
 * the server's loop meanwhile.
 */
#ifndef TESTS_LOADERD_CLIENT_H
#define TESTS_LOADERD_CLIENT_H

#include <stddef.h>
#include <sys/types.h>

#include <systemd/sd-event.h>

#include <pulsar/wire.h>

/* What a client got: a packet and the descriptors that came with it. */
struct got {
	char bytes[PULSAR_WIRE_MAX];
	ssize_t len; /* 0: the connection has ended */
	int fds[PULSAR_WIRE_FDS_MAX];
	unsigned int fds_count;
};

int client_connect(const char *path);
/* Sends bytes and descriptors; as many as are given. */
void client_send(int client, const void *bytes, size_t len, const int *fds, unsigned int count);
/* A well-formed question for the rings of a subscription. */
struct pulsar_ask_rings client_question(const char *subscription);
void client_ask(int client, const char *subscription, int events);
/* Runs the loop until there is a packet or the end. */
void client_get(sd_event *event, int client, struct got *got);
void got_release(struct got *got);
/* The packet as an answer of one type; fails the test if it is another. */
const struct pulsar_answer_rings *got_rings(const struct got *got);
const struct pulsar_answer_error *got_error(const struct got *got);
/* Runs the loop until the connection ends, whatever comes before. */
void client_ended(sd_event *event, int client);

#endif
