// SPDX-License-Identifier: Apache-2.0
/*
 * Metrics over HTTP, by libmicrohttpd. Its one thread collects anew for each request;
 * the main thread waits for the end.
 */
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listen.h"
#include "metrics.h"
#include "unprivileged.h"

#define SERVE_CONNECTIONS 16
#define SERVE_TIMEOUT	  10 /* seconds of silence */
#define SERVE_TYPE	  "text/plain; version=0.0.4; charset=utf-8"
#define SERVE_INDEX	  "pulsarctl metrics: see /metrics\n"

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned int status,
			       struct MHD_Response *response, const char *type)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result respond_words(struct MHD_Connection *connection, unsigned int status,
				     const char *words)
{
	return respond(connection, status,
		       MHD_create_response_from_buffer(strlen(words), (void *)words,
						       MHD_RESPMEM_PERSISTENT),
		       "text/plain; charset=utf-8");
}

static enum MHD_Result respond_metrics(struct MHD_Connection *connection, const struct ctl *ctl)
{
	struct MHD_Response *response;
	size_t size;
	char *text;

	text = metrics_text(ctl, &size);
	if (!text)
		return respond_words(connection, MHD_HTTP_INTERNAL_SERVER_ERROR,
				     "the metrics could not be collected\n");
	response = MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(text);
	return respond(connection, MHD_HTTP_OK, response, SERVE_TYPE);
}

static enum MHD_Result serve(void *arg, struct MHD_Connection *connection, const char *url,
			     const char *method, const char *version, const char *upload,
			     size_t *upload_size, void **state)
{
	(void)version;
	(void)upload;
	/* The first call is for the headers alone; a body is read and dropped. */
	if (!*state) {
		*state = connection;
		return MHD_YES;
	}
	if (*upload_size) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return respond_words(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				     "GET and HEAD only\n");
	if (!strcmp(url, "/metrics"))
		return respond_metrics(connection, arg);
	if (!strcmp(url, "/"))
		return respond_words(connection, MHD_HTTP_OK, SERVE_INDEX);
	return respond_words(connection, MHD_HTTP_NOT_FOUND, "there is only /metrics\n");
}

/* The library's own complaints, about clients that go away and the like, are nobody's concern. */
static void say_nothing(void *arg, const char *format, va_list args)
{
	(void)arg;
	(void)format;
	(void)args;
}

static int serve_start(const struct ctl *ctl, int fd, struct MHD_Daemon **daemon)
{
	*daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO | MHD_USE_ERROR_LOG, 0, NULL, NULL,
		serve, (void *)ctl, MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned int)SERVE_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned int)SERVE_TIMEOUT, MHD_OPTION_END);
	return *daemon ? CTL_OK : ctl_fail("the HTTP server could not be started: %m");
}

static void serve_note(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char text[LISTEN_TEXT];

	if (getsockname(fd, (struct sockaddr *)&address, &len))
		return;
	listen_text(&address, text);
	ctl_note("serving http://%s/metrics", text);
}

int metrics_serve(const struct ctl *ctl, const char *where)
{
	struct sockaddr_storage address;
	struct MHD_Daemon *daemon;
	socklen_t len;
	sigset_t ends;
	int fd, signal, status;

	if (listen_parse(where, &address, &len))
		return ctl_usage("--listen wants [ADDR:]PORT with numbers, not '%s'", where);
	fd = listen_open(&address, len);
	if (fd < 0)
		return ctl_fail("%s: %s", where, strerror(-fd));
	/* Before the thread is made, which inherits both. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	status = unprivileged_keep_reading();
	if (!status)
		status = serve_start(ctl, fd, &daemon);
	if (status) {
		close(fd);
		return status;
	}
	serve_note(fd);
	sigwait(&ends, &signal);
	MHD_stop_daemon(daemon); /* closes fd */
	return CTL_OK;
}
