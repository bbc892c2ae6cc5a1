// SPDX-License-Identifier: Apache-2.0
/* How whole readers end, and what they say then. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream_world.h"

#ifdef __SANITIZE_ADDRESS__
#define RSS_MAX_KIB 100000
#else
#define RSS_MAX_KIB 6000
#endif

static struct world w;

static void setup(void)
{
	world_init(&w);
}

static void teardown(void)
{
	world_release(&w);
}

TestSuite(ends, .init = setup, .fini = teardown, .timeout = 60);

Test(ends, held_subscription_has_a_status_of_its_own)
{
	world_read_as_nobody(&w);
	/* It tries for a while: who was just killed may seem to be there still. */
	while (world_asks(&w)) {
		world_accept(&w);
		world_refuse(&w, EBUSY, 4711);
	}
	world_expect_end(&w, 0, 3);
	cr_expect_str_eq(world_log(&w),
			 "pulsar-reader: subscription default of plain is held by pid "
			 "4711 (uid 1000)\n");
}

Test(ends, subscription_that_another_took_meanwhile_is_given_up)
{
	world_read_as_nobody(&w);
	world_serve(&w);
	world_loaderd_dies(&w);
	world_loaderd_starts(&w);
	world_accept(&w);
	world_refuse(&w, EBUSY, 4711);
	world_expect_end(&w, 0, 3);
}

Test(ends, nobody_who_reads_is_a_quiet_end)
{
	world_read_as_nobody(&w);
	world_serve(&w);
	world_produce(&w, 0, 1);
	world_expect_events(&w, 0, 1, 1);
	close(w.out);
	w.out = -1;
	world_expect_end(&w, 0, 0);
	cr_expect_str_eq(world_log(&w), "");
}

Test(ends, without_loaderd_there_is_one_line)
{
	char text[200];

	world_loaderd_dies(&w);
	world_read_as_nobody(&w);
	world_expect_end(&w, 0, 1);
	snprintf(text, sizeof(text), "pulsar-reader: no loaderd at %s: No such file or directory\n",
		 w.socket);
	cr_expect_str_eq(world_log(&w), text);
}

Test(ends, without_permission_the_group_is_named)
{
	char text[200];

	world_read(&w, 1234, false, (const char *const[]){ NULL });
	world_expect_end(&w, 0, 1);
	snprintf(text, sizeof(text),
		 "pulsar-reader: permission denied: %s/plain/events, needs group nogroup\n",
		 w.pins);
	cr_expect_str_eq(world_log(&w), text);
}

Test(ends, event_that_the_module_does_not_have_is_a_mistake)
{
	world_read_as_nobody(&w, "--event", "Plain,Nope", );
	world_expect_end(&w, 0, 2);
	cr_expect(strstr(world_log(&w), "Nope"));
}

Test(ends, reader_is_small_and_has_given_all_away)
{
	char path[64], line[256], *rest;
	unsigned long rss = 0;
	int found = 0;
	FILE *status;

	world_read_as_nobody(&w);
	world_serve(&w);
	world_produce(&w, 0, 100);
	world_expect_events(&w, 0, 1, 100);
	snprintf(path, sizeof(path), "/proc/%d/status", w.reader);
	status = fopen(path, "re");
	cr_assert(status);
	while (fgets(line, sizeof(line), status)) {
		found += !strcmp(line, "NoNewPrivs:\t1\n") + !strcmp(line, "Seccomp:\t2\n") +
			 !strcmp(line, "CapEff:\t0000000000000000\n") +
			 !strcmp(line, "CapPrm:\t0000000000000000\n");
		if (!strncmp(line, "RssAnon:", 8))
			rss = strtoul(line + 8, &rest, 10);
	}
	fclose(status);
	cr_expect_eq(found, 4);
	cr_expect_lt(rss, RSS_MAX_KIB, "anonymous memory: %lu KiB", rss);
	world_expect_end(&w, SIGTERM, 0);
}
