// SPDX-License-Identifier: Apache-2.0
/* pulsarctl subscriptions. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "facts.h"
#include "output.h"
#include "overview.h"
#include "table.h"

static int subscriptions_print(const struct ctl *ctl, const struct facts *facts)
{
	struct table *table = overview_subscriptions_new(ctl, true);
	unsigned int count = 0;
	int err = -ENOMEM;

	for (size_t i = 0; table && i < facts->count; i++) {
		const struct facts_module *m = &facts->modules[i];

		for (unsigned int s = 0; s < m->subscriptions_count; s++, count++)
			overview_subscription_row(table, m->name, &m->subscriptions[s]);
	}
	if (table)
		err = count ? table_print(table, stdout) : 0;
	table_free(table);
	return err ? ctl_fail("%s", strerror(-err)) : CTL_OK;
}

static int subscriptions_list(const struct ctl *ctl)
{
	struct facts facts = { 0 };
	int status = CTL_FAILED;

	if (facts_gather(&facts, ctl, NULL))
		goto out;
	facts_note_absent(&facts);
	status = ctl->json ? output_json(facts_subscriptions_json(&facts))
			   : subscriptions_print(ctl, &facts);
	if (facts_blind(&facts))
		status = CTL_FAILED;
out:
	facts_release(&facts);
	return status;
}

int subscriptions_command(const struct ctl *ctl, int argc, char **argv)
{
	if (argc == 1 || (argc == 2 && !strcmp(argv[1], "list")))
		return subscriptions_list(ctl);
	if (strcmp(argv[1], "remove") || argc != 4)
		return ctl_usage("usage: pulsarctl subscriptions [list | remove MODULE NAME]");
	if (!pin_name_valid(argv[2]) || !pin_name_valid(argv[3]))
		return ctl_usage("'%s' is not the name of a %s",
				 pin_name_valid(argv[2]) ? argv[3] : argv[2],
				 pin_name_valid(argv[2]) ? "subscription" : "module");
	return output_done(ctl, client_ask(ctl, client_subscription_request(argv[2], argv[3])));
}
