// SPDX-License-Identifier: Apache-2.0
/*
 * pulsarctl top: the modules again and again. On a terminal in place, until q is
 * pressed; elsewhere one table below the other, or one line of JSON each.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "facts.h"
#include "overview.h"
#include "screen.h"

#define TOP_INTERVAL_MIN 100 /* ms */
/* Rates need two looks; the first table does not wait for a whole interval. */
#define TOP_FIRST_MS	 300

struct top {
	const struct ctl *ctl;
	struct facts before, now;
};

static int top_look(struct top *top)
{
	facts_release(&top->before);
	top->before = top->now;
	memset(&top->now, 0, sizeof(top->now));
	return facts_gather(&top->now, top->ctl, NULL) ? CTL_FAILED : CTL_OK;
}

static void top_time(FILE *to)
{
	time_t now = time(NULL);
	char text[16] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(text, sizeof(text), "%H:%M:%S", &tm);
	fprintf(to, "%s", text);
}

/* The text of one table, for the caller to free; NULL: no memory. */
static char *top_text(const struct top *top, bool screen)
{
	const struct facts *facts = &top->now;
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	int err;

	if (!to)
		return NULL;
	top_time(to);
	if (screen)
		fprintf(to, "  every %u.%u s, q ends", top->ctl->interval_ms / 1000,
			top->ctl->interval_ms % 1000 / 100);
	fputc('\n', to);
	if (!facts->loaderd)
		fprintf(to, "%s\n", facts->absent.text);
	if (facts->unseen.text[0])
		fprintf(to, "%s\n", facts->unseen.text);
	err = overview_print(to, top->ctl, facts, &top->before);
	if (!fclose(to) && !err)
		return text;
	free(text);
	return NULL;
}

/* ---- on a terminal ---- */

static int top_draw(const struct top *top)
{
	char *text = top_text(top, true);

	if (!text)
		return CTL_FAILED;
	screen_draw(text);
	free(text);
	return CTL_OK;
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

/* Waits for the next look, and redraws meanwhile where need be. Whether to go on. */
static bool top_pause(const struct top *top, struct screen *screen, unsigned int ms, bool drawn)
{
	const long long end = now_ms() + ms;
	long long left = ms;

	for (; left > 0; left = end - now_ms()) {
		int event = screen_wait(screen, (unsigned int)left);

		if (event == SCREEN_END || event == 'q' || event == 'Q')
			return false;
		if (event == ' ')
			return true;
		if (event == SCREEN_REDRAW && drawn)
			top_draw(top);
	}
	return true;
}

static int top_screen(struct top *top, struct screen *screen)
{
	unsigned int ms = top->ctl->interval_ms < TOP_FIRST_MS ? top->ctl->interval_ms
							       : TOP_FIRST_MS;
	int status = top_look(top);

	for (unsigned long n = 0; !status && top_pause(top, screen, ms, n);) {
		status = top_look(top);
		if (!status)
			status = top_draw(top);
		ms = top->ctl->interval_ms;
		if (++n == top->ctl->count)
			break;
	}
	return status;
}

/* ---- elsewhere ---- */

static int top_print(const struct top *top, bool first)
{
	char *text;

	if (top->ctl->json) {
		json_t *json = facts_json(&top->now, &top->before);
		int err = json ? json_dumpf(json, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) : -1;

		json_decref(json);
		putchar('\n');
		return err ? ctl_fail("%s", strerror(ENOMEM)) : CTL_OK;
	}
	text = top_text(top, false);
	if (!text)
		return ctl_fail("%s", strerror(ENOMEM));
	printf("%s%s", first ? "" : "\n", text);
	free(text);
	return CTL_OK;
}

static int top_plain(struct top *top)
{
	int status = top_look(top);

	for (unsigned long n = 0; !status && (!top->ctl->count || n < top->ctl->count); n++) {
		poll(NULL, 0, (int)top->ctl->interval_ms);
		status = top_look(top);
		if (!status)
			status = top_print(top, !n);
		if (fflush(stdout))
			return CTL_FAILED;
	}
	return status;
}

int top_command(const struct ctl *ctl, int argc, char **argv)
{
	struct top top = { .ctl = ctl };
	struct screen screen;
	int err, status;

	(void)argc;
	(void)argv;
	if (ctl->interval_ms < TOP_INTERVAL_MIN)
		return ctl_usage("--interval of top is 0.1 or more");
	err = ctl->json ? -ENOTTY : screen_open(&screen);
	if (!err) {
		status = top_screen(&top, &screen);
		screen_close(&screen);
	} else if (err == -ENOTTY) {
		status = top_plain(&top);
	} else {
		status = ctl_fail("the terminal: %s", strerror(-err));
	}
	facts_release(&top.before);
	facts_release(&top.now);
	return status;
}
