// SPDX-License-Identifier: Apache-2.0
/* Keeps a connection to loaderd. */
#include "link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "now.h"

/* loaderd answers in milliseconds, but it may have to wait for all programs to end. */
#define ANSWER_NS      (10 * NSEC_PER_SEC)
#define BACKOFF_MIN_NS (50 * NSEC_PER_MSEC)
#define BACKOFF_MAX_NS NSEC_PER_SEC
/*
 * What a new loaderd's rings hold is gone if it dies before anybody else has them. So
 * a reader that has lost one looks often for the next, for a while.
 */
#define EAGER_NS       (10 * NSEC_PER_SEC)
#define EAGER_RETRY_NS (10 * NSEC_PER_MSEC)

void link_init(struct link *link, const char *path, const char *subscription)
{
	*link = (struct link){
		.path = path,
		.subscription = subscription,
		.state = LINK_DOWN,
		.sock = -1,
		.backoff_ns = BACKOFF_MIN_NS,
	};
}

void link_release(struct link *link)
{
	if (link->sock >= 0)
		close(link->sock);
	link->sock = -1;
	link->state = LINK_DOWN;
}

static void link_retry(struct link *link, __u64 now_ns)
{
	if (now_ns < link->eager_ns) {
		link->deadline_ns = now_ns + EAGER_RETRY_NS;
		return;
	}
	link->deadline_ns = now_ns + link->backoff_ns;
	link->backoff_ns *= 2;
	if (link->backoff_ns > BACKOFF_MAX_NS)
		link->backoff_ns = BACKOFF_MAX_NS;
}

int link_down(struct link *link, int err, __u64 now_ns)
{
	if (link->state == LINK_UP)
		link->eager_ns = now_ns + EAGER_NS;
	link_release(link);
	link_retry(link, now_ns);
	if (err != -EREMOTEIO && err != -EPROTO) {
		memset(&link->refusal, 0, sizeof(link->refusal));
		link->refusal.error = -err;
		snprintf(link->refusal.text, sizeof(link->refusal.text), "%s",
			 err == -EPIPE ? "connection closed" : strerror(-err));
	}
	return err == -EREMOTEIO ? -link->refusal.error : err;
}

int link_try(struct link *link, int events_fd, __u64 now_ns)
{
	int err;

	err = connect_open(link->path);
	if (err < 0)
		return link_down(link, err, now_ns);
	link->sock = err;
	err = ask_rings(link->sock, link->subscription, events_fd);
	if (err)
		return link_down(link, err, now_ns);
	link->state = LINK_ASKED;
	link->deadline_ns = now_ns + ANSWER_NS;
	return 0;
}

/* Whether the message is the one that had to come. */
static int link_judge(struct link *link, const struct answer *answer)
{
	if (answer->first == (link->state == LINK_ASKED))
		return 0;
	memset(&link->refusal, 0, sizeof(link->refusal));
	link->refusal.error = EPROTO;
	snprintf(link->refusal.text, sizeof(link->refusal.text), "%s",
		 answer->first ? "an answer that nobody asked for"
			       : "an answer without its beginning");
	return -EPROTO;
}

int link_receive(struct link *link, struct answer *answer, __u64 now_ns)
{
	int err;

	if (link->state == LINK_DOWN)
		return 0;
	err = answer_rings(link->sock, answer, &link->refusal);
	if (err == -EAGAIN) {
		if (link->state == LINK_UP || now_ns < link->deadline_ns)
			return 0;
		return link_down(link, -ETIMEDOUT, now_ns);
	}
	if (err)
		return link_down(link, err, now_ns);
	err = link_judge(link, answer);
	if (err) {
		answer_release(answer);
		return link_down(link, err, now_ns);
	}
	link->state = answer->more ? LINK_MORE : LINK_UP;
	link->deadline_ns = now_ns + ANSWER_NS;
	link->backoff_ns = BACKOFF_MIN_NS;
	return 1;
}
