/* SPDX-License-Identifier: Apache-2.0 */
/* A client becomes the reader of a subscription, and is none any more. */
#ifndef LOADERD_CONNECTION_ATTACH_H
#define LOADERD_CONNECTION_ATTACH_H

struct connection;
struct request;

/**
 * connection_attach() - give a client the rings that it asks for
 * @request: PULSAR_ASK_RINGS; the descriptor that came with it is in the closer's job
 *
 * On failure the client was told why, and the connection has ended.
 */
void connection_attach(struct connection *connection, const struct request *request);

/* Gives back the subscription, if it has one. */
void connection_detach(struct connection *connection);

#endif
