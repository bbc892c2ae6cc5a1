// SPDX-License-Identifier: Apache-2.0
/* The table of commands. */
#include "ctl.h"

#include <stdio.h>
#include <string.h>

#include "options.h"

/* The pace of looks at counters that are compared, if the command line gives none. */
#define STATUS_INTERVAL_MS 300
#define TOP_INTERVAL_MS	   1000

static const struct command {
	const char *name;
	int (*run)(const struct ctl *ctl, int argc, char **argv);
	int least, most;	  /* arguments; -1: the command judges them */
	unsigned int options;	  /* OPTIONS_* */
	unsigned int interval_ms; /* the default of --interval */
	struct {
		const char *arguments, *what;
	} help[4];
} command_table[] = {
	{ "status",
	  status_command,
	  0,
	  1,
	  OPTIONS_INTERVAL,
	  STATUS_INTERVAL_MS,
	  { { "[MODULE]", "what runs, what it counted, who reads it" } } },
	{ "doctor",
	  doctor_command,
	  0,
	  0,
	  0,
	  0,
	  { { "", "what this machine allows, what it does not, what to do" } } },
	{ "top",
	  top_command,
	  0,
	  0,
	  OPTIONS_INTERVAL | OPTIONS_COUNT,
	  TOP_INTERVAL_MS,
	  { { "", "the same for all modules, again and again; q ends" } } },
	{ "watch",
	  watch_command,
	  0,
	  -1,
	  OPTIONS_SUBSCRIPTION,
	  0,
	  { { "[MODULE]...", "events of all modules, or these, merged by time" } } },
	{ "metrics",
	  metrics_command,
	  0,
	  0,
	  OPTIONS_LISTEN,
	  0,
	  { { "[--listen [ADDR:]PORT]", "for Prometheus: once, or over HTTP" } } },
	{ "modules", modules_command, 0, 0, 0, 0, { { "", "all modules" } } },
	{ "start", start_command, 1, 1, 0, 0, { { "MODULE", "load and attach a module" } } },
	{ "stop",
	  start_command,
	  1,
	  1,
	  0,
	  0,
	  { { "MODULE", "detach a module and remove its pins" } } },
	{ "restart", start_command, 1, 1, 0, 0, { { "MODULE", "stop and start a module" } } },
	{ "teardown",
	  teardown_command,
	  0,
	  1,
	  0,
	  0,
	  { { "[MODULE]", "detach all modules, or one, and remove their pins" } } },
	{ "config",
	  config_command,
	  0,
	  -1,
	  0,
	  0,
	  { { "[list [SECTION]]", "what the configuration sets" },
	    { "get SECTION.KEY", "one value of it" },
	    { "set SECTION.KEY VALUE...", "change it, at once where that is possible" },
	    { "unset SECTION.KEY", "back to the default" } } },
	{ "filter",
	  filter_command,
	  0,
	  -1,
	  OPTIONS_SAVE,
	  0,
	  { { "[list [MODULE]]", "which processes the modules look at" },
	    { "add MODULE RULE VALUE...", "add to a rule, at once" },
	    { "remove MODULE RULE [VALUE...]", "take from a rule, or all of it" } } },
	{ "subscriptions",
	  subscriptions_command,
	  0,
	  -1,
	  0,
	  0,
	  { { "[list]", "all subscriptions and who reads them" },
	    { "remove MODULE NAME", "end one for good" } } },
};

#define COMMANDS (sizeof(command_table) / sizeof(command_table[0]))

static int help(void)
{
	printf("Usage: pulsarctl [OPTION]... COMMAND [ARGUMENT]...\n"
	       "Shows and controls Pulsar.\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		for (size_t h = 0; h < 4 && command_table[i].help[h].what; h++)
			printf("  %-13s %-29s  %s\n", h ? "" : command_table[i].name,
			       command_table[i].help[h].arguments, command_table[i].help[h].what);
	printf("\n%s", options_help());
	return CTL_OK;
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(name, command_table[i].name))
			return &command_table[i];
	return NULL;
}

static int command_run(struct options *options, int argc, char **argv)
{
	const struct command *c;
	int err;

	if (!argc)
		return ctl_usage("which command? --help lists them");
	c = command_find(argv[0]);
	if (!c)
		return ctl_usage("there is no command '%s'; --help lists them", argv[0]);
	err = options_check(options, c->name, c->options);
	if (err)
		return err;
	if (argc - 1 < c->least || (c->most >= 0 && argc - 1 > c->most))
		return ctl_usage("usage: pulsarctl %s %s", c->name, c->help[0].arguments);
	if (!(options->given & OPTIONS_INTERVAL))
		options->ctl.interval_ms = c->interval_ms;
	return c->run(&options->ctl, argc, argv);
}

int ctl_main(int argc, char **argv)
{
	struct options options;
	int status;

	status = options_parse(&options, argc, argv);
	if (status)
		return status;
	if (options.help)
		status = help();
	else if (options.version)
		printf("pulsarctl " PULSAR_VERSION "\n");
	else
		status = command_run(&options, argc - options.first, argv + options.first);
	if (fflush(stdout) || ferror(stdout))
		return ctl_fail("stdout: %m");
	return status;
}
