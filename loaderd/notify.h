/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd is told, sd_notify(3). Without systemd nobody listens. */
#ifndef LOADERD_NOTIFY_H
#define LOADERD_NOTIFY_H

struct modules;

/** notify_ready() - the modules run; also the end of a reload. */
void notify_ready(const struct modules *modules);

/** notify_reloading() - a reload begins. */
void notify_reloading(void);

/** notify_stopping() - the end begins. */
void notify_stopping(void);

#endif
