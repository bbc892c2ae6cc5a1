// SPDX-License-Identifier: Apache-2.0
#include "calls.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acts.h"

const char *const calls_often[] = { "--interval", "20", NULL };

bool calls_are_of(json_t *event, pid_t pid, const char *image)
{
	json_t *header = json_object_get(event, "header");
	const char *is = json_string_value(json_object_get(header, "image"));

	return json_integer_value(json_object_get(header, "pid")) == pid &&
	       (!image || (is && strstr(is, image)));
}

long long calls_told(json_t *events, pid_t pid, const char *image, const char *name, int *lines)
{
	long long sum = 0;
	json_t *event, *count;
	size_t i;

	if (lines)
		*lines = 0;
	json_array_foreach(events, i, event) {
		if (!calls_are_of(event, pid, image))
			continue;
		count = json_object_get(json_object_get(payload_of(event), "syscalls"), name);
		sum += json_integer_value(count);
		if (lines && count)
			++*lines;
	}
	return sum;
}

json_t *calls_finish(struct kit *kit, struct kit_reader *reader)
{
	json_t *events;

	kit_caught_up(kit, CALLS_MODULE, kit_subscription(kit));
	cr_assert_eq(kit_reader_stop(reader, SIGTERM), 0, "%s", kit_reader_log(reader));
	events = kit_reader_events(reader);
	kit_reader_free(reader);
	return events;
}

void calls_make(int times)
{
	for (int i = 0; i < times; i++)
		syscall(SYS_getppid);
}

pid_t calls_run(void (*body)(int number), int number)
{
	pid_t pid = fork();

	cr_assert(pid >= 0);
	if (pid)
		return pid;
	body(number);
	_exit(0);
}

void calls_ended(pid_t pid)
{
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
}
