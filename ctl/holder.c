// SPDX-License-Identifier: Apache-2.0
/* Who reads a subscription: names for the numbers that loaderd gives. */
#include "holder.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "facts.h"
#include "table.h"

/* The name of a process, which it can choose; "?": it is gone, or hidden from us. */
static void process_name(pid_t pid, char name[PULSAR_COMM_LEN])
{
	char path[32];
	FILE *file;

	strcpy(name, "?");
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(name, PULSAR_COMM_LEN, file))
		name[strcspn(name, "\n")] = '\0';
	fclose(file);
}

const char *holder_text(const struct facts_subscription *subscription, char *text, size_t size)
{
	char name[PULSAR_COMM_LEN];
	const struct passwd *user;

	if (!subscription->served) {
		snprintf(text, size, "-");
		return text;
	}
	if (!subscription->holder_pid) {
		snprintf(text, size, "nobody reads it");
		return text;
	}
	process_name(subscription->holder_pid, name);
	user = getpwuid(subscription->holder_uid);
	if (user)
		snprintf(text, size, "%s[%d] %s", name, (int)subscription->holder_pid,
			 user->pw_name);
	else
		snprintf(text, size, "%s[%d] uid %u", name, (int)subscription->holder_pid,
			 (unsigned int)subscription->holder_uid);
	return ascii(text);
}
