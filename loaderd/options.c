// SPDX-License-Identifier: Apache-2.0
/* Reads the command line; getopt_long(3) does the work, we word the errors. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

enum option_id {
	OPTION_CONFIG = 256,
	OPTION_MODULES,
	OPTION_MODULE,
	OPTION_PIN_ROOT,
	OPTION_SOCKET,
	OPTION_GROUP,
	OPTION_VARIANT,
	OPTION_CHECK,
	OPTION_VERSION,
};

static const struct option option_table[] = {
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "modules", required_argument, NULL, OPTION_MODULES },
	{ "module", required_argument, NULL, OPTION_MODULE },
	{ "pin-root", required_argument, NULL, OPTION_PIN_ROOT },
	{ "socket", required_argument, NULL, OPTION_SOCKET },
	{ "group", required_argument, NULL, OPTION_GROUP },
	{ "variant", required_argument, NULL, OPTION_VARIANT },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

const char *options_help(void)
{
	return "Usage: pulsar-loaderd [OPTION]...\n"
	       "Loads and attaches Pulsar's modules, pins them and owns their rings.\n"
	       "\n"
	       "  --config FILE    configuration (/etc/pulsar/pulsar.conf if it exists)\n"
	       "  --modules DIR    where the modules' objects lie\n"
	       "  --module NAME    this module and no other; may be repeated\n"
	       "  --pin-root DIR   where to pin, on bpffs\n"
	       "  --socket PATH    where readers and pulsarctl connect\n"
	       "  --group NAME     who may read, unless a module has a group of its own\n"
	       "  --variant V      use variant V of each hook that has it\n"
	       "  --check          judge configuration and modules, load nothing\n"
	       "  --version        print the version\n"
	       "  -v, --verbose    log more\n"
	       "  -h, --help       print this text\n";
}

static int options_take(struct options *o, int id)
{
	switch (id) {
	case OPTION_CONFIG:
		o->config = optarg;
		return 0;
	case OPTION_MODULES:
		o->modules_dir = optarg;
		return 0;
	case OPTION_MODULE:
		o->modules[o->modules_count++] = optarg;
		return 0;
	case OPTION_PIN_ROOT:
		o->pin_root = optarg;
		return 0;
	case OPTION_SOCKET:
		o->socket = optarg;
		return 0;
	case OPTION_GROUP:
		o->group = optarg;
		return 0;
	case OPTION_VARIANT:
		o->variant = optarg;
		return 0;
	case OPTION_CHECK:
		o->check = true;
		return 0;
	case OPTION_VERSION:
		o->version = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	default:
		return -EINVAL;
	}
}

int options_parse(struct options *options, int argc, char **argv, struct pin_error *error)
{
	int id, at;

	memset(options, 0, sizeof(*options));
	/* There cannot be more --module than arguments. */
	options->modules = calloc((size_t)argc + 1, sizeof(*options->modules));
	if (!options->modules)
		return error_set(error, -ENOMEM, "no memory");
	opterr = 0;
	optind = 0; /* glibc: start anew, tests call this more than once */
	for (;;) {
		at = optind ? optind : 1;
		id = getopt_long(argc, argv, ":vh", option_table, NULL);
		if (id == -1)
			break;
		if (id == ':')
			return error_set(error, -EINVAL, "%s needs a value", argv[at]);
		if (options_take(options, id) < 0)
			return error_set(error, -EINVAL, "unknown or ambiguous option %s",
					 argv[at]);
	}
	if (optind < argc)
		return error_set(error, -EINVAL, "unexpected argument '%s'", argv[optind]);
	return 0;
}

void options_release(struct options *options)
{
	if (!options)
		return;
	free(options->modules);
	options->modules = NULL;
	options->modules_count = 0;
}
