// SPDX-License-Identifier: Apache-2.0
/* Lines of readers, and their order. Text has the time of day, JSON date and time: both are compared within a day. */
#include "feed.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FEED_LINES_MAX 4096	     /* waiting; a reader waits with the next */
#define FEED_LINE_MAX  (1024 * 1024) /* bytes; a longer one is printed in pieces */
#define DAY_NS	       (24 * 3600 * 1000000000ll)

/* ---- one line ---- */

/* "15:04:05.123" at `c`, or -1. */
static long long time_at(const char *c, const char *end)
{
	static const char pattern[] = "dd:dd:dd.";
	long long ns = 0, unit = 100000000;
	size_t i;

	if ((size_t)(end - c) < sizeof(pattern))
		return -1;
	for (i = 0; pattern[i]; i++)
		if (pattern[i] == 'd' ? !isdigit((unsigned char)c[i]) : c[i] != pattern[i])
			return -1;
	ns = ((c[0] - '0') * 10 + c[1] - '0') * 3600ll + ((c[3] - '0') * 10 + c[4] - '0') * 60ll +
	     (c[6] - '0') * 10 + c[7] - '0';
	ns *= 1000000000;
	for (c += i; c < end && isdigit((unsigned char)*c) && unit; c++, unit /= 10)
		ns += (*c - '0') * unit;
	return ns;
}

/* The first time in a line is its own: nothing that an event can choose stands before it. */
static long long line_time(const char *line, size_t len)
{
	const char *end = line + len;

	for (const char *c = line; c < end; c++)
		if (isdigit((unsigned char)*c) &&
		    (c == line || *(c - 1) == 'T' || *(c - 1) == 'm') && time_at(c, end) >= 0)
			return time_at(c, end);
	return -1;
}

/* Bytes of an SGR sequence at `c` ("\033[1;31m"), 0: it is none. */
static size_t colour_len(const char *c, const char *end)
{
	const char *start = c;

	if (end - c < 3 || c[0] != '\033' || c[1] != '[')
		return 0;
	for (c += 2; c < end && (isdigit((unsigned char)*c) || *c == ';'); c++)
		;
	return c < end && *c == 'm' ? (size_t)(c + 1 - start) : 0;
}

/* Readers print nothing that steers a terminal. Should one be made to, it stays here. */
static void line_clean(char *line, size_t len)
{
	char *end = line + len;

	for (char *c = line; c < end; c++) {
		size_t skip = colour_len(c, end);

		if (skip)
			c += skip - 1;
		else if (((unsigned char)*c < ' ' && *c != '\n') || *c == 0x7f)
			*c = '?';
	}
}

static int feed_add(struct feed *feed, const char *text, size_t len, long long now_ms)
{
	struct feed_line *line;
	long long time_ns;

	if (feed->first + feed->count == feed->room) {
		size_t room = feed->room ? 2 * feed->room : 64;

		if (feed->first) {
			memmove(feed->lines, feed->lines + feed->first,
				feed->count * sizeof(*feed->lines));
			feed->first = 0;
		} else {
			line = reallocarray(feed->lines, room, sizeof(*line));
			if (!line)
				return -ENOMEM;
			feed->lines = line;
			feed->room = room;
		}
	}
	line = &feed->lines[feed->first + feed->count];
	line->text = malloc(len + 1);
	if (!line->text)
		return -ENOMEM;
	memcpy(line->text, text, len);
	if (text[len - 1] != '\n')
		line->text[len++] = '\n';
	line->len = len;
	line->arrived_ms = now_ms;
	line_clean(line->text, len);
	time_ns = line_time(line->text, len);
	if (time_ns >= 0)
		feed->last_ns = time_ns;
	line->time_ns = feed->last_ns;
	feed->count++;
	return 0;
}

/* ---- bytes to lines ---- */

static int partial_add(struct feed *feed, const char *bytes, size_t len)
{
	char *longer = realloc(feed->partial, feed->partial_len + len);

	if (!longer)
		return -ENOMEM;
	feed->partial = longer;
	memcpy(longer + feed->partial_len, bytes, len);
	feed->partial_len += len;
	return 0;
}

static int partial_flush(struct feed *feed, long long now_ms)
{
	int err = feed->partial_len ? feed_add(feed, feed->partial, feed->partial_len, now_ms) : 0;

	feed->partial_len = 0;
	return err;
}

int feed_take(struct feed *feed, const char *bytes, size_t len, long long now_ms)
{
	int err = 0;

	while (len && !err) {
		const char *end = memchr(bytes, '\n', len);
		size_t n = end ? (size_t)(end + 1 - bytes) : len;

		err = partial_add(feed, bytes, n);
		if (!err && (end || feed->partial_len >= FEED_LINE_MAX))
			err = partial_flush(feed, now_ms);
		bytes += n;
		len -= n;
	}
	return err;
}

static void feed_end(struct feed *feed)
{
	close(feed->fd);
	feed->fd = -1;
	while (waitpid(feed->pid, &feed->status, 0) < 0 && errno == EINTR)
		;
	feed->pid = 0;
}

int feed_read(struct feed *feed, long long now_ms)
{
	char bytes[65536];
	ssize_t n;
	int err;

	n = read(feed->fd, bytes, sizeof(bytes));
	if (n > 0)
		return feed_take(feed, bytes, (size_t)n, now_ms);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	err = partial_flush(feed, now_ms);
	feed_end(feed);
	return err;
}

const struct feed_line *feed_head(const struct feed *feed)
{
	return feed->count ? &feed->lines[feed->first] : NULL;
}

void feed_pop(struct feed *feed)
{
	free(feed->lines[feed->first].text);
	feed->first++;
	if (!--feed->count)
		feed->first = 0;
}

bool feed_full(const struct feed *feed)
{
	return feed->count >= FEED_LINES_MAX;
}

void feed_release(struct feed *feed)
{
	if (feed->pid) {
		kill(feed->pid, SIGTERM);
		feed_end(feed);
	}
	while (feed->count)
		feed_pop(feed);
	free(feed->lines);
	free(feed->partial);
	memset(feed, 0, sizeof(*feed));
}

/* ---- all feeds ---- */

/* Midnight lies between times that are half a day apart. */
static bool before(long long a, long long b)
{
	long long distance = (b - a + DAY_NS) % DAY_NS;

	return distance && distance < DAY_NS / 2;
}

struct feed *feeds_next(struct feed *feeds, size_t count, long long now_ms, int window_ms,
			int *wait_ms)
{
	struct feed *next = NULL;
	bool complete = true;
	long long left;

	*wait_ms = -1;
	for (size_t i = 0; i < count; i++) {
		const struct feed_line *head = feed_head(&feeds[i]);

		if (!head)
			complete &= feeds[i].fd < 0;
		else if (!next || before(head->time_ns, feed_head(next)->time_ns))
			next = &feeds[i];
	}
	if (!next || complete)
		return next;
	left = feed_head(next)->arrived_ms + window_ms - now_ms;
	if (left <= 0)
		return next;
	*wait_ms = (int)left;
	return NULL;
}
