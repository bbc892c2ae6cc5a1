/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of modules and subscriptions that several commands print. */
#ifndef CTL_OVERVIEW_H
#define CTL_OVERVIEW_H

#include <stdio.h>

#include "ctl.h"

struct facts;
struct facts_subscription;
struct table;

/**
 * overview_print() - a line about loaderd and one for each module.
 * @before: as in facts_rate().
 *
 * Return: 0 or -ENOMEM.
 */
int overview_print(FILE *to, const struct ctl *ctl, const struct facts *facts,
		   const struct facts *before);

/** overview_subscriptions_new() - an empty table of subscriptions, @modules: with a column for the module. */
struct table *overview_subscriptions_new(const struct ctl *ctl, bool modules);

/** overview_subscription_row() - a row of it; @module: NULL in one without that column. */
void overview_subscription_row(struct table *table, const char *module,
			       const struct facts_subscription *subscription);

#endif
