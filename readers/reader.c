// SPDX-License-Identifier: Apache-2.0
/*
 * The life of a reader, in order: command line, pins, confinement, loaderd, and
 * then events until the end. What needs files or names of groups comes before
 * the confinement; what others have written is read after it.
 */
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "confine.h"
#include "derive/derive.h"
#include "derive/elf.h"
#include "log.h"
#include "now.h"
#include "stop.h"
#include "stream.h"

struct reader {
	struct options options;
	unsigned int cpus; /* possible CPUs */
	struct module module;
	struct lines lines;
	struct elf *elf; /* NULL: files are not looked at */
	struct sink sink;
	struct stream_means means;
};

static enum reader_status failed(const char *text)
{
	log_error("%s", text);
	return READER_FAILED;
}

static enum reader_status failed_errno(const char *what, int err)
{
	log_error("%s: %s", what, strerror(-err));
	return READER_FAILED;
}

static enum reader_status print(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) ? READER_FAILED : READER_OK;
}

/*
 * What is opened takes the lowest number that is free. Where the output should be, lines
 * would go into it.
 */
static enum reader_status check_descriptors(void)
{
	if (fcntl(STDOUT_FILENO, F_GETFD) < 0)
		return failed_errno("standard output", -errno);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return READER_FAILED;
	return READER_OK;
}

static enum reader_status open_module(struct reader *r)
{
	const struct options *o = &r->options;
	struct pin_error error;
	int err;

	err = module_open(&r->module, o->pin_root, o->module, r->cpus, o->events, &error);
	if (!err)
		return READER_OK;
	log_error("%s", error.text);
	return err == -ENOMSG ? READER_USAGE : READER_FAILED;
}

static enum reader_status prepare(struct reader *r)
{
	const struct options *o = &r->options;
	bool colour = o->colour == OPTIONS_COLOUR_ALWAYS;
	enum reader_status status;
	int err;

	if (o->colour == OPTIONS_COLOUR_AUTO)
		colour = isatty(STDOUT_FILENO);
	err = lines_init(&r->lines, o->format == OPTIONS_TEXT, colour);
	if (err)
		return failed_errno("no room for lines", err);
	err = stop_init();
	if (err)
		return failed_errno("signals", err);
	err = cpus_possible();
	if (err < 0)
		return failed_errno("cannot tell the CPUs", err);
	r->cpus = (unsigned int)err;
	status = open_module(r);
	if (status)
		return status;
	sink_init(&r->sink, STDOUT_FILENO);
	r->means = (struct stream_means){
		.options = o,
		.module = &r->module,
		.lines = &r->lines,
		.sink = &r->sink,
		.end_ns = o->duration_ns ? now_ns(CLOCK_MONOTONIC) + o->duration_ns : ~0ull,
		.left = o->count ? o->count : ~0ull,
	};
	if (o->elf_check && derive_wanted(r->module.generations.plan[0])) {
		r->elf = elf_new(o->elf_check_whitelist);
		if (!r->elf)
			return failed_errno("no room to look at files", -ENOMEM);
		r->lines.elf = r->elf;
	}
	err = confine(r->elf != NULL);
	return err ? failed_errno("cannot confine itself", err) : READER_OK;
}

static enum reader_status held(const struct reader *r, const struct refusal *refusal)
{
	log_error("subscription %s of %s is held by pid %u (uid %u)", r->options.subscription,
		  r->options.module, refusal->holder_pid, refusal->holder_uid);
	return READER_HELD;
}

/* Why there is no stream, in one line. */
static enum reader_status attach_failed(const struct reader *r, int err,
					const struct refusal *refusal)
{
	const char *socket = r->options.socket;

	switch (err) {
	case -ECANCELED:
		return READER_OK;
	case -EBUSY:
		return held(r, refusal);
	case -ENOENT:
	case -ECONNREFUSED:
		log_error("no loaderd at %s: %s", socket, refusal->text);
		return READER_FAILED;
	default:
		log_error("loaderd at %s: %s", socket, refusal->text);
		return READER_FAILED;
	}
}

/* How the stream ended. */
static enum reader_status run_ended(const struct reader *r, int err, const struct refusal *refusal)
{
	switch (err) {
	case 0:
	case -EPIPE: /* as with `| head`: the one who reads the lines has had enough */
		return READER_OK;
	case -ECANCELED:
		log_warn("the output takes no more: what was not written is kept for the next "
			 "reader");
		return READER_OK;
	case -EBUSY:
		return held(r, refusal);
	case -EBADF:
	case -EINVAL:
		return failed_errno("cannot write", err);
	default:
		return failed_errno("cannot go on", err);
	}
}

/* One stream from its beginning to its end. *again: there was one; set if there has to be another. */
static enum reader_status stream_once(struct reader *r, bool *again)
{
	enum reader_status status;
	struct stream *stream;
	int err;

	stream = stream_new(&r->means);
	if (!stream) {
		*again = false;
		return failed_errno("cannot make a stream", -errno);
	}
	err = stream_attach(stream, *again);
	*again = false;
	if (err) {
		status = attach_failed(r, err, stream_refusal(stream));
		goto out;
	}
	err = stream_run(stream);
	*again = err == -ESTALE;
	status = *again ? READER_OK : run_ended(r, err, stream_refusal(stream));
out:
	stream_free(stream);
	return status;
}

static enum reader_status read_events(struct reader *r)
{
	enum reader_status status;
	bool again = false;

	for (;;) {
		status = stream_once(r, &again);
		if (!again)
			return status;
		log_warn("module %s was loaded anew: beginning with it", r->options.module);
		module_release(&r->module);
		status = open_module(r);
		if (status)
			return status;
	}
}

int reader_main(int argc, char **argv)
{
	struct reader r = { .module = { .events_fd = -1, .counters.fd = -1 } };
	enum reader_status status;
	char error[256];

	if (options_parse(&r.options, argc, argv, error, sizeof(error))) {
		failed(error);
		return READER_USAGE;
	}
	if (r.options.help)
		return print(options_help());
	if (r.options.version)
		return print("pulsar-reader " PULSAR_VERSION "\n");
	status = check_descriptors();
	if (!status)
		status = prepare(&r);
	if (!status)
		status = read_events(&r);
	module_release(&r.module);
	lines_release(&r.lines);
	elf_free(r.elf);
	stop_release();
	return status;
}
