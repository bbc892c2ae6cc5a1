// SPDX-License-Identifier: Apache-2.0
/* Keeps clients from filling the log. */
#include "complaints.h"

#include "log.h"

#define COMPLAINTS_MAX	    10
#define COMPLAINTS_PERIOD_S 10

void complaints_add(struct complaints *complaints, pid_t pid, uid_t uid, const char *what)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - complaints->since >= COMPLAINTS_PERIOD_S) {
		if (complaints->held_back)
			log_warn("%u more clients were turned away", complaints->held_back);
		*complaints = (struct complaints){ .since = now.tv_sec };
	}
	if (complaints->logged == COMPLAINTS_MAX) {
		complaints->held_back++;
		return;
	}
	complaints->logged++;
	log_warn("client turned away: pid %d, uid %u: %s", (int)pid, (unsigned int)uid, what);
}
