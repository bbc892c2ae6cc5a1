// SPDX-License-Identifier: Apache-2.0
/* What systemd is told. */
#include "notify.h"

#include <stddef.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "module.h"
#include "modules.h"

void notify_ready(const struct modules *modules)
{
	unsigned int running = 0, failed = 0;
	const struct module *m;

	for (size_t i = 0; (m = modules_at(modules, i)); i++) {
		running += m->state == MODULE_RUNNING;
		failed += m->state == MODULE_FAILED;
	}
	sd_notifyf(0, "READY=1\nSTATUS=%u modules run, %u failed", running, failed);
}

/* systemd wants to know when it began. */
void notify_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)now.tv_sec * 1000000 +
			   (unsigned long long)now.tv_nsec / 1000);
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}
