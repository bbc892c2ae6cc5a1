/* SPDX-License-Identifier: Apache-2.0 */
/* A storm of file creations, and the account of the lines that it made. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pulsar-test.h"
#include "storm.h"

static void create_share(const struct storm *storm, unsigned int share)
{
	char path[128];

	for (unsigned int i = share; i < storm->files; i += storm->processes) {
		int fd;

		snprintf(path, sizeof(path), "%s/storm-%u", storm->folder, i);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			_exit(1);
		close(fd);
		unlink(path);
	}
	_exit(0);
}

void storm_start(struct storm *storm)
{
	for (unsigned int p = 0; p < storm->processes; p++) {
		storm->pid[p] = fork();
		cr_assert(storm->pid[p] >= 0);
		if (!storm->pid[p]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
			create_share(storm, p);
		}
	}
}

void storm_wait(struct storm *storm)
{
	for (unsigned int p = 0; p < storm->processes; p++) {
		int status;

		cr_assert(waitpid(storm->pid[p], &status, 0) == storm->pid[p]);
		cr_assert_eq(status, 0, "a process of the storm could not create a file");
	}
}

void tally_init(struct tally *tally, const struct storm *storm)
{
	memset(tally, 0, sizeof(*tally));
	tally->files = storm->files;
	tally->cpus = kit_cpus();
	tally->seen = calloc(storm->files, 1);
	tally->delivered = calloc(tally->cpus, sizeof(*tally->delivered));
	tally->lost = calloc(tally->cpus, sizeof(*tally->lost));
	tally->discarded = calloc(tally->cpus, sizeof(*tally->discarded));
	tally->lines = json_object();
	cr_assert(tally->seen && tally->delivered && tally->lost && tally->discarded &&
		  tally->lines);
}

/* True the first time that it is called with a key. */
static bool first_time(struct tally *tally, const char *key)
{
	if (json_object_get(tally->lines, key))
		return false;
	json_object_set_new(tally->lines, key, json_true());
	return true;
}

static void tally_lost(struct tally *tally, json_t *payload)
{
	unsigned int cpu = json_integer_value(json_object_get(payload, "cpu"));
	json_int_t count = json_integer_value(json_object_get(payload, "count"));
	json_int_t total = json_integer_value(json_object_get(payload, "total"));
	const char *cause = json_string_value(json_object_get(payload, "cause"));
	char key[96];

	cr_assert(cpu < tally->cpus);
	snprintf(key, sizeof(key), "lost %u %s %lld", cpu, cause, (long long)total);
	if (!first_time(tally, key))
		return;
	tally->lost[cpu] += count;
	if (!strcmp(cause, "discarded"))
		tally->discarded[cpu] += count;
}

static void tally_event(struct tally *tally, json_t *header, json_t *payload)
{
	const char *name = json_string_value(json_object_get(payload, "filename"));
	unsigned int cpu = json_integer_value(json_object_get(header, "cpu"));
	json_int_t seq = json_integer_value(json_object_get(header, "seq"));
	const char *number = name ? strstr(name, "/storm-") : NULL;
	char key[64];

	cr_assert(cpu < tally->cpus);
	snprintf(key, sizeof(key), "%u %lld", cpu, (long long)seq);
	if (!first_time(tally, key)) {
		tally->repeated++;
		return;
	}
	tally->delivered[cpu]++;
	if (number) {
		unsigned long n = strtoul(number + 7, NULL, 10);

		if (n < tally->files && tally->seen[n] < 255)
			tally->seen[n]++;
	}
}

void tally_add(struct tally *tally, json_t *events)
{
	json_t *event;
	size_t i;

	json_array_foreach(events, i, event) {
		json_t *header = json_object_get(event, "header");
		json_t *payload = json_object_get(event, "payload");

		if (!strcmp(json_string_value(json_object_get(header, "event")), "Lost"))
			tally_lost(tally, payload);
		else
			tally_event(tally, header, payload);
	}
}

void tally_close(struct tally *tally)
{
	tally->missing = 0;
	for (unsigned int i = 0; i < tally->files; i++)
		tally->missing += !tally->seen[i];
}

void tally_release(struct tally *tally)
{
	free(tally->seen);
	free(tally->delivered);
	free(tally->lost);
	free(tally->discarded);
	json_decref(tally->lines);
}
