/* SPDX-License-Identifier: Apache-2.0 */
/* One module, one trigger, and the events of it. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct run {
	json_t *events;
	long long begin_ns, end_ns;
};

struct run *module_run_config(const char *module, const char *config, void (*trigger)(void *arg),
			      void *arg)
{
	struct run *run = calloc(1, sizeof(*run));
	struct kit *kit = kit_started_shared(module, config);
	struct kit_reader *reader;
	char *log;

	cr_assert(run);
	/* Without an event there would be nothing to wait for, and it might be stopped before it runs. */
	reader = kit_read_attached(kit, module, NULL);
	run->begin_ns = now_ns();
	trigger(arg);
	run->end_ns = now_ns();
	kit_caught_up(kit, module, kit_subscription(kit));
	cr_assert_eq(kit_reader_stop(reader, SIGTERM), 0, "the reader failed: %s",
		     log = kit_reader_log(reader));
	run->events = kit_reader_events(reader);
	kit_reader_free(reader);
	kit_free(kit);
	return run;
}

struct run *module_run(const char *module, void (*trigger)(void *arg), void *arg)
{
	return module_run_config(module, NULL, trigger, arg);
}

void run_free(struct run *run)
{
	if (!run)
		return;
	json_decref(run->events);
	free(run);
}

json_t *run_events(const struct run *run)
{
	return run->events;
}

void run_window(const struct run *run, long long *begin_ns, long long *end_ns)
{
	*begin_ns = run->begin_ns;
	*end_ns = run->end_ns;
}

bool run_expect(const char *file, int line, const struct run *run, const char *event, int least,
		int most, const struct condition *conditions)
{
	char *report = NULL;
	int count =
		events_match(run->events, event, conditions, run->begin_ns, run->end_ns, &report);
	bool as_expected = count >= least && (most < 0 || count <= most);

	cr_expect(as_expected, "%s:%d: %s: %d events satisfy the conditions, expected %s%d\n%s",
		  file, line, event, count, most < 0 ? "at least " : "", least,
		  report ? report : "");
	free(report);
	return as_expected;
}
