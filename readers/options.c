// SPDX-License-Identifier: Apache-2.0
/* Reads the command line; getopt_long(3) does the work, we word the errors. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <pulsar/config.h>
#include <pulsar/event.h>

#include "derive/elf.h"
#include "now.h"
#include "pin.h"

#define ORDER_WINDOW_MAX 60000ull		/* ms */
#define INTERVAL_MAX	 (24 * 3600 * 1000ull)	/* ms */
#define DURATION_MAX	 (100ull * 365 * 86400) /* s; as ns it fits into 64 bits */

enum option_id {
	OPTION_COUNT = 256,
	OPTION_DURATION,
	OPTION_FORMAT,
	OPTION_SUBSCRIPTION,
	OPTION_EVENT,
	OPTION_NO_ORDER,
	OPTION_ORDER_WINDOW,
	OPTION_INTERVAL,
	OPTION_COLOUR,
	OPTION_ELF_CHECK,
	OPTION_ELF_CHECK_WHITELIST,
	OPTION_PIN_ROOT,
	OPTION_SOCKET,
	OPTION_VERSION,
};

static const struct option option_table[] = {
	{ "count", required_argument, NULL, OPTION_COUNT },
	{ "duration", required_argument, NULL, OPTION_DURATION },
	{ "format", required_argument, NULL, OPTION_FORMAT },
	{ "subscription", required_argument, NULL, OPTION_SUBSCRIPTION },
	{ "event", required_argument, NULL, OPTION_EVENT },
	{ "no-order", no_argument, NULL, OPTION_NO_ORDER },
	{ "order-window", required_argument, NULL, OPTION_ORDER_WINDOW },
	{ "interval", required_argument, NULL, OPTION_INTERVAL },
	{ "colour", required_argument, NULL, OPTION_COLOUR },
	{ "elf-check", required_argument, NULL, OPTION_ELF_CHECK },
	{ "elf-check-whitelist", required_argument, NULL, OPTION_ELF_CHECK_WHITELIST },
	{ "pin-root", required_argument, NULL, OPTION_PIN_ROOT },
	{ "socket", required_argument, NULL, OPTION_SOCKET },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

const char *options_help(void)
{
	return "Usage: pulsar-reader [OPTION]... MODULE\n"
	       "Prints the events of a module, one line each.\n"
	       "\n"
	       "  --count N            end after N events\n"
	       "  --duration SECONDS   end after that time\n"
	       "  --format json|text   lines for programs (the default) or for people\n"
	       "  --subscription NAME  go on where the last reader of this name stopped (default)\n"
	       "  --event NAME[,NAME]  only events of these names\n"
	       "  --no-order           print as read, CPU by CPU, not by time\n"
	       "  --order-window MS    wait at most so long for an event that is under way (100)\n"
	       "  --interval MS        look at the tables of a module so often (1000)\n"
	       "  --colour auto|always|never\n"
	       "                       colours in text\n"
	       "  --elf-check yes|no   look whether a file that is opened is a program (yes)\n"
	       "  --elf-check-whitelist PATH[,PATH]\n"
	       "                       but not in these directories (" ELF_WHITELIST ")\n"
	       "  --pin-root DIR       where the modules are pinned (" PULSAR_PIN_ROOT ")\n"
	       "  --socket PATH        where loaderd listens (" PULSAR_SOCKET ")\n"
	       "  --version            print the version\n"
	       "  -h, --help           print this text\n";
}

static int fail(char *error, size_t error_size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(char *error, size_t error_size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, error_size, format, args);
	va_end(args);
	return -EINVAL;
}

/* A decimal number and nothing else, which strtoull(3) alone does not ask for. */
static int number_parse(const char *text, __u64 min, __u64 max, __u64 *number)
{
	unsigned long long value;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || value < min || value > max)
		return -EINVAL;
	*number = value;
	return 0;
}

static int word_parse(const char *text, const char *const *words, int count)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(text, words[i]))
			return i;
	return -EINVAL;
}

static int take_number(__u64 *number, const char *name, __u64 min, __u64 max, char *error,
		       size_t error_size)
{
	if (number_parse(optarg, min, max, number))
		return fail(error, error_size, "%s wants a number from %llu to %llu, not '%s'",
			    name, min, max, optarg);
	return 0;
}

static int take_format(struct options *o, char *error, size_t error_size)
{
	static const char *const words[] = { [OPTIONS_JSON] = "json", [OPTIONS_TEXT] = "text" };
	int word = word_parse(optarg, words, sizeof(words) / sizeof(*words));

	if (word < 0)
		return fail(error, error_size, "--format is json or text, not '%s'", optarg);
	o->format = (enum options_format)word;
	return 0;
}

static int take_colour(struct options *o, char *error, size_t error_size)
{
	static const char *const words[] = {
		[OPTIONS_COLOUR_AUTO] = "auto",
		[OPTIONS_COLOUR_ALWAYS] = "always",
		[OPTIONS_COLOUR_NEVER] = "never",
	};
	int word = word_parse(optarg, words, sizeof(words) / sizeof(*words));

	if (word < 0)
		return fail(error, error_size, "--colour is auto, always or never, not '%s'",
			    optarg);
	o->colour = (enum options_colour)word;
	return 0;
}

static int take_elf_check(struct options *o, char *error, size_t error_size)
{
	static const char *const words[] = { "no", "yes" };
	int word = word_parse(optarg, words, sizeof(words) / sizeof(*words));

	if (word < 0)
		return fail(error, error_size, "--elf-check is yes or no, not '%s'", optarg);
	o->elf_check = word;
	return 0;
}

static int take_elf_check_whitelist(struct options *o, char *error, size_t error_size)
{
	if (!elf_whitelist_valid(optarg))
		return fail(error, error_size,
			    "--elf-check-whitelist wants absolute paths with commas, not '%s'",
			    optarg);
	o->elf_check_whitelist = optarg;
	return 0;
}

static int take(struct options *o, int id, char *error, size_t error_size)
{
	int err = 0;

	switch (id) {
	case OPTION_COUNT:
		return take_number(&o->count, "--count", 1, ~0ull, error, error_size);
	case OPTION_DURATION:
		err = take_number(&o->duration_ns, "--duration", 1, DURATION_MAX, error,
				  error_size);
		o->duration_ns *= NSEC_PER_SEC;
		return err;
	case OPTION_ORDER_WINDOW:
		err = take_number(&o->order_window_ns, "--order-window", 0, ORDER_WINDOW_MAX, error,
				  error_size);
		o->order_window_ns *= NSEC_PER_MSEC;
		return err;
	case OPTION_INTERVAL:
		err = take_number(&o->interval_ns, "--interval", 1, INTERVAL_MAX, error,
				  error_size);
		o->interval_ns *= NSEC_PER_MSEC;
		return err;
	case OPTION_FORMAT:
		return take_format(o, error, error_size);
	case OPTION_COLOUR:
		return take_colour(o, error, error_size);
	case OPTION_ELF_CHECK:
		return take_elf_check(o, error, error_size);
	case OPTION_ELF_CHECK_WHITELIST:
		return take_elf_check_whitelist(o, error, error_size);
	case OPTION_SUBSCRIPTION:
		o->subscription = optarg;
		break;
	case OPTION_EVENT:
		o->events = optarg;
		break;
	case OPTION_NO_ORDER:
		o->order = false;
		break;
	case OPTION_PIN_ROOT:
		o->pin_root = optarg;
		break;
	case OPTION_SOCKET:
		o->socket = optarg;
		break;
	case OPTION_VERSION:
		o->version = true;
		break;
	case 'h':
		o->help = true;
		break;
	}
	return 0;
}

static int judge(const struct options *o, char *error, size_t error_size)
{
	_Static_assert(PULSAR_SUBSCRIPTION_LEN == PULSAR_MODULE_LEN, "one rule for both names");

	if (!o->module)
		return fail(error, error_size, "which module? (--help tells more)");
	if (!pin_name_valid(o->module))
		return fail(error, error_size, "'%s' is not the name of a module", o->module);
	if (!pin_name_valid(o->subscription))
		return fail(error, error_size, "'%s' is not the name of a subscription",
			    o->subscription);
	if (strlen(o->socket) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return fail(error, error_size, "the path of --socket is too long");
	return 0;
}

int options_parse(struct options *options, int argc, char **argv, char *error, size_t error_size)
{
	*options = (struct options){
		.subscription = "default",
		.pin_root = PULSAR_PIN_ROOT,
		.socket = PULSAR_SOCKET,
		.order = true,
		.order_window_ns = OPTIONS_ORDER_WINDOW_MS * NSEC_PER_MSEC,
		.interval_ns = OPTIONS_INTERVAL_MS * NSEC_PER_MSEC,
		.elf_check = true,
		.elf_check_whitelist = ELF_WHITELIST,
	};
	opterr = 0;
	optind = 0; /* glibc: start anew, tests call this more than once */
	for (;;) {
		int at = optind ? optind : 1;
		int id = getopt_long(argc, argv, ":h", option_table, NULL);
		int err;

		if (id == -1)
			break;
		if (id == ':')
			return fail(error, error_size, "%s wants a value", argv[at]);
		if (id == '?')
			return fail(error, error_size, "unknown option %s", argv[at]);
		err = take(options, id, error, error_size);
		if (err)
			return err;
	}
	if (options->help || options->version)
		return 0;
	if (optind + 1 < argc)
		return fail(error, error_size, "one module, not also '%s'", argv[optind + 1]);
	options->module = argv[optind];
	return judge(options, error, error_size);
}
