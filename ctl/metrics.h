/* SPDX-License-Identifier: Apache-2.0 */
/* What pulsarctl metrics shows, collected and written. */
#ifndef CTL_METRICS_H
#define CTL_METRICS_H

#include <stddef.h>

#include "ctl.h"
#include "facts.h"
#include "objects.h"
#include "samples.h"

/* All that is known at one moment. */
struct metrics {
	struct facts facts;
	struct objects *objects; /* of facts.modules[i]; NULL: the pins cannot be opened */
	bool run_time_counted;	 /* kernel.bpf_stats_enabled */
	__u64 loaderd_memory;	 /* bytes; 0: not known */
	double boot_time;	 /* seconds since 1970 at which CLOCK_BOOTTIME was 0 */
};

/** metrics_collect() - 0, or negative errno with a line on stderr. metrics_release() in any case. */
int metrics_collect(struct metrics *metrics, const struct ctl *ctl);

/** metrics_release() - frees what is in it. */
void metrics_release(struct metrics *metrics);

/** metrics_write() - all families. */
void metrics_write(const struct metrics *metrics, struct samples *samples);

/**
 * metrics_text() - collects, and writes for Prometheus.
 * @size: bytes of the text.
 *
 * Return: for the caller to free; NULL with a line on stderr.
 */
char *metrics_text(const struct ctl *ctl, size_t *size);

/**
 * metrics_serve() - answers over HTTP until SIGINT or SIGTERM comes.
 * @listen: "[ADDR:]PORT", without ADDR on the loopback interface; port 0: any.
 *
 * Return: an exit status.
 */
int metrics_serve(const struct ctl *ctl, const char *listen);

#endif
