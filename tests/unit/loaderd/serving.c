// SPDX-License-Identifier: Apache-2.0
/* A server over a real stream, and its loop. */
#include "serving.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

struct serving serving;

static struct stream *serving_find(void *arg, __u32 id)
{
	cr_assert_eq(arg, (void *)&serving);
	return serving.stream && id == stream_events_id(serving.stream) ? serving.stream : NULL;
}

/* Answers an object with itself, "{big}" with more than fits, and anything else with an error. */
static int serving_control(void *arg, const char *json, size_t len, char **answer)
{
	(void)arg;
	if (json[0] != '{')
		return -EINVAL;
	if (len == 5 && strncmp(json, "{big}", 5) == 0) {
		*answer = malloc(PULSAR_WIRE_MAX + 1);
		cr_assert(*answer);
		memset(*answer, ' ', PULSAR_WIRE_MAX);
		(*answer)[PULSAR_WIRE_MAX] = '\0';
		return 0;
	}
	*answer = strndup(json, len);
	return 0;
}

static void serving_attached(void *arg, pid_t pid, bool on)
{
	(void)arg;
	cr_expect_eq(pid, getpid());
	serving.attached += on ? 1 : -1;
}

const struct server_ops serving_ops = {
	.find = serving_find,
	.control = serving_control,
	.attached = serving_attached,
};

void serving_limit(const struct server_limits *limits)
{
	struct pin_error error = {};

	server_free(serving.server);
	serving.server = server_new(serving.event, serving.path, (gid_t)-1, limits, &serving_ops,
				    &serving, &error);
	cr_assert(serving.server, "%s", error.text);
}

void serving_setup(void)
{
	struct pin_error error = {};

	log_level_set(LOG_LEVEL_ERROR);
	lab_init(&serving.lab);
	serving.stream = lab_stream(&serving.lab);
	cr_assert_eq(stream_start(serving.stream, "default", -1, &error), 0, "%s", error.text);
	cr_assert_eq(stream_settle(serving.stream), 0);
	strcpy(serving.folder, "/tmp/pulsar-test-XXXXXX");
	cr_assert(mkdtemp(serving.folder));
	snprintf(serving.path, sizeof(serving.path), "%s/loaderd.sock", serving.folder);
	cr_assert_geq(sd_event_new(&serving.event), 0);
	serving_limit(NULL);
}

void serving_teardown(void)
{
	if (geteuid())
		return;
	server_free(serving.server);
	stream_free(serving.stream);
	lab_release(&serving.lab);
	sd_event_unref(serving.event);
	rmdir(serving.folder);
}

void serving_wait(unsigned int count)
{
	while (server_connections(serving.server) != count)
		cr_assert_geq(sd_event_run(serving.event, 1000), 0);
}

int serving_attach(const char *subscription, struct got *got)
{
	const struct pulsar_answer_rings *answer;
	int client = client_connect(serving.path);

	client_ask(client, subscription, serving.lab.maps.events);
	client_get(serving.event, client, got);
	answer = got_rings(got);
	cr_assert_eq(answer->first, 1);
	cr_assert_eq(answer->more, 0);
	return client;
}

void serving_expect_served(void)
{
	struct got got;
	int client = serving_attach("default", &got);

	got_release(&got);
	close(client);
}

int serving_as_uid(uid_t uid, int (*part)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (setgid(uid) || setuid(uid))
			_exit(100);
		_exit(part());
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		cr_assert_geq(sd_event_run(serving.event, 1000), 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
}
