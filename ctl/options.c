// SPDX-License-Identifier: Apache-2.0
/* The options, by getopt_long(3). */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pulsar/config.h>

#include "pin.h"

#define INTERVAL_MAX 86400 /* seconds */

enum option_id {
	OPTION_SOCKET = 256,
	OPTION_PIN_ROOT,
	OPTION_CONFIG,
	OPTION_JSON,
	OPTION_COLOUR,
	OPTION_INTERVAL,
	OPTION_COUNT,
	OPTION_LISTEN,
	OPTION_SUBSCRIPTION,
	OPTION_SAVE,
	OPTION_VERSION,
};

static const struct option option_table[] = {
	{ "socket", required_argument, NULL, OPTION_SOCKET },
	{ "pin-root", required_argument, NULL, OPTION_PIN_ROOT },
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "colour", required_argument, NULL, OPTION_COLOUR },
	{ "interval", required_argument, NULL, OPTION_INTERVAL },
	{ "count", required_argument, NULL, OPTION_COUNT },
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "subscription", required_argument, NULL, OPTION_SUBSCRIPTION },
	{ "save", no_argument, NULL, OPTION_SAVE },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* In the order of the bits. */
static const char *const option_names[] = { "--interval", "--count", "--listen", "--subscription",
					    "--save" };

const char *options_help(void)
{
	return "  --json               output for programs\n"
	       "  --colour auto|always|never\n"
	       "                       colours in tables\n"
	       "  --socket PATH        where loaderd listens (" PULSAR_SOCKET ")\n"
	       "  --pin-root DIR       where the modules are pinned (that of loaderd, or\n"
	       "                       " PULSAR_PIN_ROOT ")\n"
	       "  --config FILE        the configuration (that of loaderd, or\n"
	       "                       " PULSAR_CONFIG ")\n"
	       "  --interval SECONDS   status, top: between two looks at the counters\n"
	       "  --count N            top: end after so many tables\n"
	       "  --subscription NAME  watch: read this one, not one of its own\n"
	       "  --save               filter: also in the configuration\n"
	       "  --listen [ADDR:]PORT metrics: serve them over HTTP\n"
	       "  --version            print the version\n"
	       "  -h, --help           print this text\n";
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

/* Decimal digits with at most one point, which strtod(3) alone does not ask for. */
static int take_interval(struct ctl *ctl)
{
	char *end;
	double seconds = strtod(optarg, &end);

	if (end == optarg || *end || strspn(optarg, "0123456789.") != strlen(optarg) ||
	    seconds > INTERVAL_MAX)
		return ctl_usage("--interval wants a number of seconds up to %d, not '%s'",
				 INTERVAL_MAX, optarg);
	ctl->interval_ms = (unsigned int)(seconds * 1000);
	return 0;
}

static int take_count(struct ctl *ctl)
{
	char *end;

	errno = 0;
	ctl->count = strtoul(optarg, &end, 10);
	if (*optarg < '0' || *optarg > '9' || *end || errno || !ctl->count)
		return ctl_usage("--count wants a number from 1 on, not '%s'", optarg);
	return 0;
}

static int take(struct options *o, int id)
{
	struct ctl *ctl = &o->ctl;

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
	case OPTION_INTERVAL:
		o->given |= OPTIONS_INTERVAL;
		return take_interval(ctl);
	case OPTION_COUNT:
		o->given |= OPTIONS_COUNT;
		return take_count(ctl);
	case OPTION_LISTEN:
		o->given |= OPTIONS_LISTEN;
		ctl->listen = optarg;
		return 0;
	case OPTION_SUBSCRIPTION:
		o->given |= OPTIONS_SUBSCRIPTION;
		ctl->subscription = optarg;
		return pin_name_valid(optarg)
			       ? 0
			       : ctl_usage("'%s' is not the name of a subscription", optarg);
	case OPTION_SAVE:
		o->given |= OPTIONS_SAVE;
		ctl->save = true;
		return 0;
	case OPTION_VERSION:
		o->version = true;
		return 0;
	default:
		o->help = true;
		return 0;
	}
}

int options_parse(struct options *options, int argc, char **argv)
{
	int err = 0;

	*options =
		(struct options){ .ctl = { .socket = PULSAR_SOCKET, .colour = colour_wanted() } };
	opterr = 0;
	optind = 0; /* glibc: start anew, tests call this more than once */
	while (!err) {
		int at = optind ? optind : 1;
		int id = getopt_long(argc, argv, ":h", option_table, NULL);

		if (id == -1)
			break;
		if (id == ':')
			return ctl_usage("%s wants a value", argv[optind - 1]);
		if (id == '?')
			return ctl_usage("%s: no such option; --help lists them",
					 optind > at ? argv[optind - 1] : argv[at]);
		err = take(options, id);
	}
	options->first = optind;
	return err;
}

int options_check(const struct options *options, const char *command, unsigned int allowed)
{
	for (size_t i = 0; i < sizeof(option_names) / sizeof(*option_names); i++)
		if (options->given & ~allowed & 1u << i)
			return ctl_usage("%s is no option of %s", option_names[i], command);
	return 0;
}
