// SPDX-License-Identifier: Apache-2.0
/* The command line: options in front of and behind the command, and the table of commands. */
#include "ctl.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pin.h"

enum option_id {
	OPTION_SOCKET = 256,
	OPTION_PIN_ROOT,
	OPTION_CONFIG,
	OPTION_JSON,
	OPTION_COLOUR,
	OPTION_VERSION,
};

static const struct option option_table[] = {
	{ "socket", required_argument, NULL, OPTION_SOCKET },
	{ "pin-root", required_argument, NULL, OPTION_PIN_ROOT },
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "colour", required_argument, NULL, OPTION_COLOUR },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const struct command {
	const char *name;
	const char *arguments;
	const char *help;
	int (*run)(const struct ctl *ctl, int argc, char **argv);
	int least, most; /* arguments */
} command_table[] = {
	{ "modules", "", "list the modules", modules_command, 0, 0 },
	{ "start", "MODULE", "load and attach a module", start_command, 1, 1 },
	{ "stop", "MODULE", "detach a module and remove its pins", start_command, 1, 1 },
	{ "restart", "MODULE", "stop and start a module", start_command, 1, 1 },
};

#define COMMANDS (sizeof(command_table) / sizeof(command_table[0]))

static void help_print(void)
{
	printf("Usage: pulsarctl [OPTION]... COMMAND [ARGUMENT]...\n"
	       "Shows and controls Pulsar.\n\n");
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command *c = &command_table[i];

		printf("  %-13s %-28s %s\n", c->name, c->arguments, c->help);
	}
	printf("\n"
	       "  --json               output for programs\n"
	       "  --colour auto|always|never\n"
	       "  --socket PATH        where loaderd listens (" CTL_SOCKET_DEFAULT ")\n"
	       "  --pin-root DIR       where the modules are pinned (that of loaderd, or\n"
	       "                       " PIN_ROOT_DEFAULT ")\n"
	       "  --config FILE        the configuration (that of loaderd, or\n"
	       "                       " CTL_CONFIG_DEFAULT ")\n"
	       "  --version            print the version\n"
	       "  -h, --help           print this text\n");
}

static bool colour_wanted(void)
{
	const char *no = getenv("NO_COLOR"); /* https://no-color.org */

	return isatty(STDOUT_FILENO) && !(no && *no);
}

static int take_colour(struct ctl *ctl)
{
	if (!strcmp(optarg, "always"))
		ctl->colour = true;
	else if (!strcmp(optarg, "never"))
		ctl->colour = false;
	else if (strcmp(optarg, "auto"))
		return ctl_usage("--colour is auto, always or never, not '%s'", optarg);
	return 0;
}

/* 0, CTL_USAGE, or -1: the option was all that there was to do. */
static int take(struct ctl *ctl, int id, const char *text)
{
	switch (id) {
	case OPTION_SOCKET:
		ctl->socket = optarg;
		return 0;
	case OPTION_PIN_ROOT:
		ctl->pin_root = optarg;
		return 0;
	case OPTION_CONFIG:
		ctl->config = optarg;
		return 0;
	case OPTION_JSON:
		ctl->json = true;
		return 0;
	case OPTION_COLOUR:
		return take_colour(ctl);
	case OPTION_VERSION:
		printf("pulsarctl " PULSAR_VERSION "\n");
		return -1;
	case 'h':
		help_print();
		return -1;
	case ':':
		return ctl_usage("%s wants a value", text);
	default:
		return ctl_usage("unknown option %s; --help lists them", text);
	}
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(name, command_table[i].name))
			return &command_table[i];
	return NULL;
}

static int command_run(const struct ctl *ctl, int argc, char **argv)
{
	const struct command *c;

	if (!argc)
		return ctl_usage("which command? --help lists them");
	c = command_find(argv[0]);
	if (!c)
		return ctl_usage("there is no command '%s'; --help lists them", argv[0]);
	if (argc - 1 < c->least || (c->most >= 0 && argc - 1 > c->most))
		return ctl_usage("usage: pulsarctl %s %s", c->name, c->arguments);
	return c->run(ctl, argc, argv);
}

int ctl_main(int argc, char **argv)
{
	struct ctl ctl = { .socket = CTL_SOCKET_DEFAULT, .colour = colour_wanted() };
	int id, status = 0;

	opterr = 0;
	optind = 0; /* glibc: start anew, tests call this more than once */
	while (!status) {
		int at = optind ? optind : 1;

		id = getopt_long(argc, argv, ":h", option_table, NULL);
		if (id == -1)
			break;
		status = take(&ctl, id, argv[at]);
	}
	if (!status)
		status = command_run(&ctl, argc - optind, argv + optind);
	else if (status < 0)
		status = CTL_OK;
	if (fflush(stdout) || ferror(stdout))
		return ctl_fail("stdout: %m");
	return status;
}
