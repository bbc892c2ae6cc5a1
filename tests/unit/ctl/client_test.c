// SPDX-License-Identifier: Apache-2.0
/* A client of a loaderd that is none: whatever it answers, one line tells what is wrong. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <pulsar/wire.h>

#include "client.h"

/* What the server answers to the one request that it takes. */
struct answer {
	const void *bytes;
	size_t len;
	char request[512]; /* what it was asked */
};

static char folder[] = "/tmp/pulsar-ctl-XXXXXX";
static char path[64];
static int listener;

static void serve_begin(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	strcpy(address.sun_path, path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	cr_assert(!bind(listener, (struct sockaddr *)&address, sizeof(address)) &&
		  !listen(listener, 4));
}

static void serve_end(void)
{
	close(listener);
	unlink(path);
	rmdir(folder);
}

TestSuite(client, .init = serve_begin, .fini = serve_end);

static void *serve(void *arg)
{
	struct answer *answer = arg;
	int fd = accept(listener, NULL, NULL);
	ssize_t n = recv(fd, answer->request, sizeof(answer->request) - 1, 0);

	answer->request[n > 0 ? n : 0] = '\0';
	if (answer->len)
		send(fd, answer->bytes, answer->len, MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

/* Asks, gets these bytes for an answer; NULL with *error, or the answer. */
static json_t *ask(const void *bytes, size_t len, struct client_error *error)
{
	const struct ctl ctl = { .socket = path };
	struct answer answer = { .bytes = bytes, .len = len };
	pthread_t thread;
	json_t *got;

	cr_assert(!pthread_create(&thread, NULL, serve, &answer));
	got = client_request(&ctl, client_module_request("modules", "core"), error);
	pthread_join(thread, NULL);
	cr_expect_str_eq(answer.request + sizeof(struct pulsar_wire),
			 "{\"request\":\"modules\",\"module\":\"core\"}");
	return got;
}

/* A message with a header that is right, and a body. */
static size_t message(char *to, __u16 type, const char *body, size_t len)
{
	struct pulsar_wire wire = {
		.magic = PULSAR_WIRE_MAGIC,
		.version = PULSAR_WIRE_VERSION,
		.type = type,
		.size = (__u32)(sizeof(wire) + len),
	};

	memcpy(to, &wire, sizeof(wire));
	memcpy(to + sizeof(wire), body, len);
	return wire.size;
}

static void expect_refused(const void *bytes, size_t len, const char *text)
{
	struct client_error error = { .text = "" };

	cr_expect_null(ask(bytes, len, &error));
	cr_expect(strstr(error.text, text), "expected %s, found %s", text, error.text);
	cr_expect(!error.absent);
}

Test(client, an_answer_is_given_as_it_is)
{
	static const char body[] = "{\"ok\":true,\"modules\":[]}";
	struct client_error error;
	char bytes[256];
	json_t *answer =
		ask(bytes, message(bytes, PULSAR_ANSWER_CONTROL, body, strlen(body)), &error);

	cr_assert(answer, "%s", error.text);
	cr_expect(json_is_array(json_object_get(answer, "modules")));
	json_decref(answer);
}

Test(client, a_request_that_failed_there_says_why_without_what_steers_a_terminal)
{
	static const char body[] = "{\"ok\":false,\"error\":\"there is no \\u001b[2J module\"}";
	char bytes[256];

	expect_refused(bytes, message(bytes, PULSAR_ANSWER_CONTROL, body, strlen(body)),
		       "there is no ?[2J module");
}

Test(client, a_refusal_says_why)
{
	struct pulsar_answer_error refusal = { .error = EACCES, .text = "only \033[2Jroot" };
	struct client_error error;
	char bytes[256];
	size_t len;

	len = message(bytes, PULSAR_ANSWER_ERROR, (char *)&refusal + sizeof(refusal.wire),
		      sizeof(refusal) - sizeof(refusal.wire));
	cr_expect_null(ask(bytes, len, &error));
	cr_expect_eq(error.err, -EACCES);
	cr_expect_str_eq(error.text, "only ?[2Jroot");
}

Test(client, what_is_no_answer_of_this_version_is_refused)
{
	static char huge[2 * PULSAR_WIRE_MAX], body[PULSAR_WIRE_MAX + 100] = "{}";
	char bytes[256];
	struct pulsar_wire *wire = (struct pulsar_wire *)bytes;
	size_t len;

	expect_refused("", 0, "no answer");
	expect_refused("x", 1, "this version");
	len = message(bytes, PULSAR_ANSWER_CONTROL, "{\"ok\":true}", 11);
	expect_refused(bytes, len - 1, "this version");
	wire->magic++;
	expect_refused(bytes, len, "this version");
	wire->magic--;
	wire->version++;
	expect_refused(bytes, len, "this version");
	wire->version--;
	wire->type = PULSAR_ANSWER_RINGS;
	expect_refused(bytes, len, "not a JSON object");
	wire->type = PULSAR_ANSWER_ERROR;
	expect_refused(bytes, len, "not a JSON object");
	len = message(huge, PULSAR_ANSWER_CONTROL, body, sizeof(body));
	expect_refused(huge, len, "this version");
}

Test(client, what_is_no_json_object_is_refused)
{
	static const char *const bodies[] = {
		"", "{", "[]", "5", "{\"ok\":true}x", "{\"ok\":\"\xff\"}"
	};
	char bytes[256];

	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		expect_refused(bytes,
			       message(bytes, PULSAR_ANSWER_CONTROL, bodies[i], strlen(bodies[i])),
			       "not a JSON object");
}

Test(client, an_answer_that_does_not_say_ok_is_a_failure)
{
	char bytes[256];

	expect_refused(bytes, message(bytes, PULSAR_ANSWER_CONTROL, "{\"ok\":1}", 8),
		       "the request failed");
}

Test(client, nobody_who_listens_is_told_from_other_errors)
{
	char long_path[200];
	struct ctl ctl = { .socket = "/tmp/no-such-socket-of-pulsar" };
	struct client_error error;

	cr_expect_null(client_request(&ctl, json_object(), &error));
	cr_expect(error.absent);
	cr_expect(strstr(error.text, "/tmp/no-such-socket-of-pulsar"));
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	ctl.socket = long_path;
	cr_expect_null(client_request(&ctl, json_object(), &error));
	cr_expect(!error.absent);
}
