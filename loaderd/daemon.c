// SPDX-License-Identifier: Apache-2.0
/* The daemon's life: set-up in order, the loop, signals, the end. */
#include "daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "config.h"
#include "config_fixed.h"
#include "confine.h"
#include "control.h"
#include "cpus.h"
#include "error.h"
#include "group.h"
#include "hotplug.h"
#include "lockdown.h"
#include "log.h"
#include "memory.h"
#include "modules.h"
#include "notify.h"
#include "options.h"
#include "pin.h"
#include "server.h"
#include "stream.h"

/* Readers try every second to reconnect; after this time one that lives has. */
#define DAEMON_SWEEP_USEC (30 * 1000000ull)

#define DAEMON_BPFFS	"/sys/fs/bpf"
#define DAEMON_TRAVERSE 0011 /* others may pass through bpffs, and list nothing */

struct daemon {
	struct options options;
	struct config *config;
	sd_event *event;
	struct pin_root *pins;
	struct pin_prepared prepared;
	struct hotplug *hotplug;
	struct server *server;
	struct modules *modules;
	bool started; /* the modules run: from now on an end leaves them as configured */
};

/* ---- the server's questions ---- */

static struct stream *daemon_find(void *arg, __u32 events_id)
{
	struct daemon *d = arg;

	return modules_stream(d->modules, events_id);
}

static void daemon_attached(void *arg, pid_t pid, bool on)
{
	struct daemon *d = arg;

	modules_attached(d->modules, pid, on);
}

static int daemon_reload(void *arg, struct pin_error *error);

static int daemon_control(void *arg, const char *json, size_t len, char **answer)
{
	struct daemon *d = arg;
	const struct control control = {
		.modules = d->modules,
		.config = d->config,
		.server = d->server,
		.reload = daemon_reload,
		.arg = d,
	};

	return control_answer(&control, json, len, answer);
}

static const struct server_ops daemon_ops = {
	.find = daemon_find,
	.control = daemon_control,
	.attached = daemon_attached,
};

/* ---- events ---- */

/* Says what of a new configuration takes a new start, and logs it; "" for nothing. */
static void daemon_unchanged(const struct config *old, const struct config *new,
			     struct pin_error *error)
{
	config_fixed_changes(old, new, error);
	if (!error->text[0])
		return;
	error_set(error, 0, "%s: takes effect at the next start of pulsar-loaderd", error->text);
	log_warn("%s: %s", new->path, error->text);
}

static int daemon_reload(void *arg, struct pin_error *error)
{
	struct daemon *d = arg;
	struct config *config;
	int wrong;

	notify_reloading();
	config = config_load(&d->options, error);
	wrong = config ? 0 : -errno;
	if (config) {
		struct pin_error failed = { "" };

		daemon_unchanged(d->config, config, error);
		wrong = modules_apply(d->modules, config, false, &failed);
		if (wrong < 0)
			*error = failed;
		config_free(d->config);
		d->config = config;
	}
	notify_ready(d->modules);
	return wrong;
}

static int daemon_on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct pin_error error;
	int wrong = daemon_reload(arg, &error);

	(void)source;
	(void)info;
	if (wrong < 0)
		log_error("reload: %s; everything stays as it was", error.text);
	else
		log_info("reloaded, %d modules could not be changed", wrong);
	return 0;
}

static int daemon_on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct daemon *d = arg;

	(void)source;
	log_info("signal %u, stopping", info->ssi_signo);
	return sd_event_exit(d->event, 0);
}

static int daemon_on_sweep(sd_event_source *source, uint64_t usec, void *arg)
{
	struct daemon *d = arg;

	(void)source;
	(void)usec;
	modules_sweep(d->modules);
	return 0;
}

static void daemon_on_cpus(void *arg)
{
	struct daemon *d = arg;
	const struct module *m;

	for (size_t i = 0; (m = modules_at(d->modules, i)); i++) {
		int opened = m->stream ? stream_cpus_changed(m->stream) : 0;

		if (opened < 0)
			log_error("%s: rings of new CPUs: %s", m->name, strerror(-opened));
		if (opened <= 0)
			continue;
		log_info("%s: %d rings opened for new CPUs, %d readers told", m->name, opened,
			 server_push_rings(d->server, m->stream));
	}
}

/* ---- set-up, in order ---- */

static int daemon_open_loop(struct daemon *d, struct pin_error *error)
{
	static const struct {
		int signal;
		sd_event_signal_handler_t handler;
	} signals[] = {
		{ SIGTERM, daemon_on_stop },
		{ SIGINT, daemon_on_stop },
		{ SIGHUP, daemon_on_reload },
	};
	sigset_t mask;
	int err;

	signal(SIGPIPE, SIG_IGN);
	err = sd_event_new(&d->event);
	/* sd-event takes them from a signalfd, so they must be blocked. */
	sigemptyset(&mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]) && err >= 0; i++) {
		sigaddset(&mask, signals[i].signal);
		sigprocmask(SIG_BLOCK, &mask, NULL);
		err = sd_event_add_signal(d->event, NULL, signals[i].signal, signals[i].handler, d);
	}
	if (err >= 0)
		err = sd_event_set_watchdog(d->event, true);
	if (err >= 0)
		err = sd_event_add_time_relative(d->event, NULL, CLOCK_BOOTTIME, DAEMON_SWEEP_USEC,
						 0, daemon_on_sweep, d);
	return err < 0 ? error_set(error, err, "event loop: %m") : 0;
}

static int daemon_open_pins(struct daemon *d, struct pin_error *error)
{
	const struct config *c = d->config;
	bool missing = false;
	gid_t gid = 0;
	int err;

	if (config_group_given(c))
		err = group_find(c->group, &gid, error);
	else
		err = group_find_default(c->group, &gid, &missing, error);
	if (err)
		return err;
	d->pins = pin_root_open(c->pin_root, PIN_OWN, c->bpffs_traverse ? DAEMON_TRAVERSE : 0, gid,
				&d->prepared, error);
	if (!d->pins)
		return -errno;
	if (d->prepared.mounted)
		log_info("bpffs was not mounted, and is now, at %s", DAEMON_BPFFS);
	if (d->prepared.traverse)
		log_info("bpffs may now be passed through by everybody (bpffs_traverse)");
	return 0;
}

static int daemon_open_server(struct daemon *d, struct pin_error *error)
{
	struct server_limits limits = { .connections = d->config->max_clients };
	gid_t admin = (gid_t)-1;
	int err = 0;

	if (d->config->admin_group[0])
		err = group_find(d->config->admin_group, &admin, error);
	if (err)
		return error_prefix(error, err, "admin_group");
	d->server = server_new(d->event, d->config->socket, admin, &limits, &daemon_ops, d, error);
	return d->server ? 0 : -errno;
}

static int daemon_open_modules(struct daemon *d, struct pin_error *error)
{
	struct cpus possible;
	int err;

	/* First the watch, then the list: a CPU that comes in between is told twice, not never. */
	d->hotplug = hotplug_new(d->event, daemon_on_cpus, d);
	if (!d->hotplug)
		return error_set(error, -errno, "watching CPUs: %m");
	err = cpus_read("possible", &possible);
	if (err)
		return error_set(error, err, "list of CPUs: %m");
	d->modules = modules_new(d->pins, cpus_end(&possible));
	if (!d->modules)
		return error_set(error, -ENOMEM, "no memory");
	return modules_apply(d->modules, d->config, true, error);
}

static int daemon_start(struct daemon *d, struct pin_error *error)
{
	int err;

	if (geteuid() != 0)
		return error_set(error, -EPERM, "must be started by root");
	if (lockdown_confidential())
		log_warn("the kernel is locked down (lockdown=confidentiality): "
			 "programs may not read its memory, so hooks will not work");
	err = confine_raise_files();
	if (err)
		log_warn("the limit of open files could not be raised: %s", strerror(-err));
	err = daemon_open_loop(d, error);
	if (!err)
		err = daemon_open_pins(d, error);
	/* It listens before there is anything to ask for, so that an address in use is known early;
	 * nobody is answered before the loop runs. */
	if (!err)
		err = daemon_open_server(d, error);
	if (!err)
		err = daemon_open_modules(d, error);
	if (err)
		return err;
	d->started = true;
	return confine_self(error);
}

/* ---- the end ---- */

/* Leaves the pins as configured; a start that failed leaves what was there before it. */
static void daemon_stop(struct daemon *d)
{
	struct pin_error error;

	if (d->started && !d->config->keep_pins && modules_teardown(d->modules, &error) < 0)
		log_error("%s", error.text);
	server_free(d->server);
	hotplug_free(d->hotplug);
	modules_free(d->modules);
	if (d->pins && (d->started ? !d->config->keep_pins : d->prepared.created))
		pin_root_remove(d->pins, NULL);
	pin_root_free(d->pins);
	if (!d->started && d->prepared.mounted)
		umount2(DAEMON_BPFFS, 0);
	sd_event_unref(d->event);
}

static int daemon_run(struct daemon *d)
{
	struct pin_error error;
	int err;

	err = daemon_start(d, &error);
	if (err) {
		log_error("%s", error.text);
	} else {
		notify_ready(d->modules);
		err = sd_event_loop(d->event);
		if (err < 0)
			log_error("event loop: %s", strerror(-err));
		notify_stopping();
	}
	daemon_stop(d);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int daemon_check(const struct daemon *d)
{
	struct pin_error error;

	if (!modules_check(d->config, &error))
		return EXIT_SUCCESS;
	log_error("%s", error.text);
	return EXIT_FAILURE;
}

int daemon_main(int argc, char **argv)
{
	struct daemon d = { 0 };
	struct pin_error error;
	int status = EXIT_SUCCESS;

	memory_init();
	if (options_parse(&d.options, argc, argv, &error) < 0) {
		log_error("%s; --help lists the options", error.text);
		status = 2;
		goto out;
	}
	if (d.options.help || d.options.version) {
		fputs(d.options.help ? options_help() : "pulsar-loaderd " PULSAR_VERSION "\n",
		      stdout);
		goto out;
	}
	if (d.options.verbose)
		log_level_set(LOG_LEVEL_DEBUG);
	d.config = config_load(&d.options, &error);
	if (!d.config) {
		log_error("%s", error.text);
		status = EXIT_FAILURE;
		goto out;
	}
	status = d.options.check ? daemon_check(&d) : daemon_run(&d);
out:
	config_free(d.config);
	options_release(&d.options);
	return status;
}
