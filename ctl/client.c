// SPDX-License-Identifier: Apache-2.0
/* One connection, one request, one answer. */
#include "client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <pulsar/config.h>
#include <pulsar/wire.h>

#include "table.h"

/* A reload can load all modules: longer than that takes on a slow machine. */
#define ANSWER_SECONDS 60

/* Room for one byte more than an answer may have. */
union client_message {
	struct pulsar_wire wire;
	struct pulsar_answer_error error;
	char bytes[PULSAR_WIRE_MAX + 1];
};

static int client_fail(struct client_error *error, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int client_fail(struct client_error *error, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error->err = err;
	error->absent = false;
	vsnprintf(error->text, sizeof(error->text), format, args);
	ascii(error->text);
	va_end(args);
	return err;
}

/* A connected socket, or negative errno with *error. */
static int client_connect(const char *path, struct client_error *error)
{
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int err;
	int fd;

	if (strlen(path) >= sizeof(to.sun_path))
		return client_fail(error, -ENAMETOOLONG,
				   "%s: longer than the path of a socket can be", path);
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return client_fail(error, -errno, "socket: %s", strerror(errno));
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)))
		return fd;
	err = -errno;
	close(fd);
	client_fail(error, err, "%s: %s", path, strerror(-err));
	error->absent = err == -ENOENT || err == -ECONNREFUSED;
	return err;
}

static int client_send(int fd, const char *text, size_t len, struct client_error *error)
{
	const struct pulsar_wire wire = {
		.magic = PULSAR_WIRE_MAGIC,
		.version = PULSAR_WIRE_VERSION,
		.type = PULSAR_ASK_CONTROL,
		.size = (__u32)(sizeof(wire) + len),
	};
	struct iovec parts[] = { { (void *)&wire, sizeof(wire) }, { (void *)text, len } };
	const struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	if (len > PULSAR_WIRE_MAX - sizeof(wire))
		return client_fail(error, -EMSGSIZE, "the request is too long");
	if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
		return client_fail(error, -errno, "asking loaderd: %s", strerror(errno));
	return 0;
}

/* What is not an answer of this version is refused, never guessed at. */
static json_t *client_parse(union client_message *m, size_t len, struct client_error *error)
{
	const struct pulsar_wire *wire = &m->wire;
	json_t *answer;

	if (len < sizeof(*wire) || len > PULSAR_WIRE_MAX || wire->magic != PULSAR_WIRE_MAGIC ||
	    wire->version != PULSAR_WIRE_VERSION || wire->size != len) {
		client_fail(error, -EPROTO, "loaderd's answer is not one of this version");
		return NULL;
	}
	if (wire->type == PULSAR_ANSWER_ERROR && len == sizeof(m->error)) {
		m->error.text[sizeof(m->error.text) - 1] = '\0';
		client_fail(error, m->error.error > 0 ? -m->error.error : -EPROTO, "%s",
			    m->error.text);
		return NULL;
	}
	answer = wire->type == PULSAR_ANSWER_CONTROL
			 ? json_loadb(m->bytes + sizeof(*wire), len - sizeof(*wire), 0, NULL)
			 : NULL;
	if (!json_is_object(answer)) {
		client_fail(error, -EPROTO, "loaderd's answer is not a JSON object");
		json_decref(answer);
		return NULL;
	}
	return answer;
}

/* An answer that says that the request failed there. */
static json_t *client_judge(json_t *answer, struct client_error *error)
{
	const char *text = json_string_value(json_object_get(answer, "error"));

	if (!answer || json_is_true(json_object_get(answer, "ok")))
		return answer;
	client_fail(error, -EREMOTEIO, "%s", text ? text : "the request failed");
	json_decref(answer);
	return NULL;
}

static json_t *client_talk(const struct ctl *ctl, const char *text, union client_message *m,
			   struct client_error *error)
{
	json_t *answer = NULL;
	ssize_t n;
	int fd;

	fd = client_connect(ctl->socket, error);
	if (fd < 0)
		return NULL;
	if (client_send(fd, text, strlen(text), error))
		goto out;
	n = recv(fd, m->bytes, sizeof(m->bytes), 0);
	if (n > 0)
		answer = client_judge(client_parse(m, (size_t)n, error), error);
	else
		client_fail(error, n ? -errno : -ECONNRESET, "%s: no answer%s%s", ctl->socket,
			    n ? ": " : "", n ? strerror(errno) : "");
out:
	close(fd);
	return answer;
}

json_t *client_request(const struct ctl *ctl, json_t *request, struct client_error *error)
{
	union client_message *m = malloc(sizeof(*m));
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	json_t *answer = NULL;

	if (m && text)
		answer = client_talk(ctl, text, m, error);
	else
		client_fail(error, -ENOMEM, "%s", strerror(ENOMEM));
	free(text);
	free(m);
	json_decref(request);
	return answer;
}

json_t *client_ask(const struct ctl *ctl, json_t *request)
{
	struct client_error error;
	json_t *answer = client_request(ctl, request, &error);

	if (!answer)
		ctl_fail("%s%s", error.text, error.absent ? ": pulsar-loaderd does not run" : "");
	return answer;
}

json_t *client_module_request(const char *request, const char *module)
{
	return json_pack("{s:s, s:s*}", "request", request, "module", module);
}

json_t *client_subscription_request(const char *module, const char *subscription)
{
	return json_pack("{s:s, s:s, s:s}", "request", "subscription-remove", "module", module,
			 "subscription", subscription);
}

void client_pin_root(const struct ctl *ctl, char path[PIN_PATH_MAX])
{
	struct client_error error;
	json_t *answer = NULL;
	const char *root = ctl->pin_root;

	if (!root) {
		answer = client_modules(ctl, "status", &error);
		root = json_string_value(json_object_get(answer, "pin_root"));
	}
	snprintf(path, PIN_PATH_MAX, "%s", root ? root : PULSAR_PIN_ROOT);
	json_decref(answer);
}

/* One module after the other; what else is in the answer is that of the first. */
static json_t *client_each_module(const struct ctl *ctl, const char *request,
				  struct client_error *error)
{
	json_t *names = client_request(ctl, client_module_request("names", NULL), error);
	json_t *all = NULL;
	const json_t *name;
	size_t i;

	json_array_foreach(json_object_get(names, "names"), i, name) {
		json_t *one = client_request(
			ctl, client_module_request(request, json_string_value(name)), error);

		if (!one) {
			json_decref(all);
			all = NULL;
			break;
		}
		if (all)
			json_array_extend(json_object_get(all, "modules"),
					  json_object_get(one, "modules"));
		else
			all = json_incref(one);
		json_decref(one);
	}
	json_decref(names);
	return all;
}

json_t *client_modules(const struct ctl *ctl, const char *request, struct client_error *error)
{
	json_t *answer = client_request(ctl, client_module_request(request, NULL), error);

	if (!answer && error->err == -EMSGSIZE)
		answer = client_each_module(ctl, request, error);
	return answer;
}
