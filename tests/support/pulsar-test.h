/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kit to test probes: it runs a Pulsar of the test's own (the real loaderd, a
 * pin root and a socket of their own, a reader as nobody without any
 * capability), does something that the probe should see, and compares the lines
 * that the reader printed. For criterion tests that run as root.
 *
 *   static void trigger_create(void *path)
 *   {
 *           close(creat(path, 0644));
 *   }
 *
 *   Test(file_created, reports_the_full_path)
 *   {
 *           struct run *run = module_run("file-created", trigger_create, "/tmp/x");
 *
 *           expect_event(run, "FileCreated", from_self(), str("filename", "/tmp/x"));
 *           expect_no_event(run, "FileCreated", str("filename", "/tmp/y"));
 *           run_free(run);
 *   }
 *
 * Nothing is left behind when a test fails: a janitor process ends what was
 * started and unpins what was pinned as soon as the test's process is gone.
 *
 * Environment: PULSAR_TEST_VARIANT forces one variant where hooks have it; where the kernel has
 * no programs of that kind, the test is skipped. PULSAR_TEST_SHARED is the folder of a loaderd
 * that runs already (its socket, its pins in bpf/pins, its log, its configuration in conf, and in
 * conf.base what that begins with): tests of what one module reports use that one by a subscription
 * of their own.
 */
#ifndef PULSAR_TEST_H
#define PULSAR_TEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* ---- one module, one trigger ---- */

struct run;

/*
 * Starts Pulsar with `module`, calls trigger(arg) in the calling process, waits until the reader has
 * delivered every event that was produced up to then, and stops. Fails the test if that does not work.
 */
struct run *module_run(const char *module, void (*trigger)(void *arg), void *arg);
/* The same with further configuration, e.g. "[file-created]\nring_size = 64K\n"; NULL: none. */
struct run *module_run_config(const char *module, const char *config, void (*trigger)(void *arg),
			      void *arg);
void run_free(struct run *run);
/* All events, each an object as the reader printed it; borrowed. */
json_t *run_events(const struct run *run);
/* CLOCK_REALTIME ns of just before and just after the trigger. */
void run_window(const struct run *run, long long *begin_ns, long long *end_ns);

/* ---- conditions on one event ---- */

/* One condition; `name` is a path in the event's payload ("source.port"), or in its header. */
struct condition {
	enum {
		CONDITION_NONE,
		CONDITION_STRING,
		CONDITION_INTEGER,
		CONDITION_BOOL,
		CONDITION_NULL,
		CONDITION_JSON,
		CONDITION_PID,
		CONDITION_WINDOW,
	} kind;
	bool header;
	const char *name;
	const char *string;
	long long integer;
};

struct condition str(const char *name, const char *value);
struct condition num(const char *name, long long value);
struct condition boolean(const char *name, bool value);
struct condition null(const char *name);
/* Equal to a JSON text, e.g. json("flags", "[\"O_RDONLY\"]"). */
struct condition json(const char *name, const char *text);
/* The same, on the event's header. */
struct condition header_str(const char *name, const char *value);
struct condition header_num(const char *name, long long value);
/* header.pid is the given process; the calling one. */
struct condition from_pid(pid_t pid);
struct condition from_self(void);
/* header.time lies between the begin and the end of the trigger. */
struct condition in_time(void);

/* At least one event with this name satisfies all conditions; on failure the test fails with the best matching events,
 * expected and found for each field. */
#define expect_event(run, event, ...)                     \
	run_expect(__FILE__, __LINE__, run, event, 1, -1, \
		   (struct condition[]){ __VA_ARGS__, { 0 } })
/* Exactly `count` events do. */
#define expect_events(run, count, event, ...)                    \
	run_expect(__FILE__, __LINE__, run, event, count, count, \
		   (struct condition[]){ __VA_ARGS__, { 0 } })
#define expect_no_event(run, event, ...) \
	run_expect(__FILE__, __LINE__, run, event, 0, 0, (struct condition[]){ __VA_ARGS__, { 0 } })

/* What the macros call. most < 0: no limit. Fails the test, and returns false, if the count is not within. */
bool run_expect(const char *file, int line, const struct run *run, const char *event, int least,
		int most, const struct condition *conditions);

/*
 * The comparison alone, for tests of the kit: how many of `events` satisfy; with none, *report (malloc'ed) tells the
 * best matching events field by field.
 */
int events_match(json_t *events, const char *event, const struct condition *conditions,
		 long long begin_ns, long long end_ns, char **report);

/* A time as readers print it (RFC 3339, UTC) in ns since 1970; -1: it is not that, or NULL. */
long long event_time_ns(const char *text);

/* ---- the parts, for tests that do more ---- */

struct kit;
struct kit_reader;

/*
 * A Pulsar of one's own, not started: `modules` separated by commas; `config` is appended to its
 * configuration file, or NULL. Skips the test if not root.
 */
struct kit *kit_new(const char *modules, const char *config);
/*
 * The same with one module, started. Without a configuration it is the one of PULSAR_TEST_SHARED, where that
 * is set: what the test sets and reloads is undone by kit_free(). Skips the test if the forced variant is of a
 * kind that the kernel has not.
 */
struct kit *kit_started_shared(const char *module, const char *config);
/* The subscription that kit_read() reads if not told otherwise. */
const char *kit_subscription(const struct kit *kit);
/* Ends all that was started, removes all that was made. NULL is fine. */
void kit_free(struct kit *kit);
const char *kit_pin_root(const struct kit *kit);
const char *kit_socket(const struct kit *kit);
const char *kit_config_path(const struct kit *kit);
/* Writes the configuration anew: the base with `config` behind it. */
void kit_set_config(struct kit *kit, const char *config);
/* Before the start: gives loaderd a copy of the modules that the test may change; its path. */
const char *kit_own_modules(struct kit *kit);
/* Adds an object to these, as it would be dropped into the folder. */
void kit_add_module(struct kit *kit, const char *object);
/* Changes the object of a module so that it is another one of the same meaning: the next reload or start upgrades. */
void kit_change_module(struct kit *kit, const char *module);
/* Another place for the pins, e.g. that of another kit: holds from the next kit_set_config() on. */
void kit_set_pin_root(struct kit *kit, const char *path);
/* Mounts a file system of the kit's own, there is one place for it: its path. */
const char *kit_mount(struct kit *kit, const char *type, const char *options);
/*
 * From its next start on loaderd is alone in a memory cgroup with this limit; 0: in none. False if the memory
 * controller cannot be had without changing what the machine has set up.
 */
bool kit_limit_memory(struct kit *kit, unsigned long long bytes);
/* A folder of the kit that anyone may read and write, for the test's own files. */
const char *kit_folder(const struct kit *kit);
/* What loaderd has written to stderr so far (malloc'ed). */
char *kit_log(const struct kit *kit);

/* Starts loaderd and waits until it is ready; false: it ended instead (kit_log() says why). */
bool kit_start(struct kit *kit);
/* The same, and fails the test with what loaderd has said if it ended. */
void kit_must_start(struct kit *kit);
/* kit_new() and kit_must_start(). */
struct kit *kit_started(const char *modules, const char *config);
/* The two halves of it, for what happens in between. */
void kit_launch(struct kit *kit);
bool kit_await(struct kit *kit);
/* The wait status of one that ended instead of being ready. */
int kit_status(const struct kit *kit);
pid_t kit_pid(const struct kit *kit);
/* Sends a signal, waits for the end if the signal ends it, and returns its wait status. */
int kit_stop(struct kit *kit, int signal);
/* Asks loaderd to reload and waits until it says that it is done. */
void kit_reload(struct kit *kit);
/* Sends a control request, a JSON text, and returns loaderd's answer; the caller decref's it. */
json_t *kit_control(struct kit *kit, const char *request);

/* A reader as nobody; `arguments` ends with NULL, or is NULL. */
struct kit_reader *kit_read(struct kit *kit, const char *module, const char *const *arguments);
/* The same, and waits until it is attached: a subscription of a test's own begins with that. */
struct kit_reader *kit_read_attached(struct kit *kit, const char *module,
				     const char *const *arguments);
/* kit_read() with its output thrown away, for storms whose lines would fill the memory. */
struct kit_reader *kit_read_quietly(struct kit *kit, const char *module);
/* The same with its output into a descriptor, the reader's from now on. */
struct kit_reader *kit_read_into(struct kit *kit, const char *module, int out);
pid_t kit_reader_pid(const struct kit_reader *reader);
/* Sends a signal and waits for its end: the wait status. Its output stays readable. */
int kit_reader_stop(struct kit_reader *reader, int signal);
/* Waits for its end by itself: the wait status. */
int kit_reader_wait(struct kit_reader *reader);
/* What it printed so far, parsed; the caller decref's it. Fails the test on a line that is not JSON. */
json_t *kit_reader_events(const struct kit_reader *reader);
/* Its stdout and stderr so far (malloc'ed). */
char *kit_reader_text(const struct kit_reader *reader);
char *kit_reader_log(const struct kit_reader *reader);
void kit_reader_free(struct kit_reader *reader);

/* Waits until a reader holds the subscription. */
void kit_attached(struct kit *kit, const char *module, const char *subscription);
/* Waits until the subscription's reader has accounted for all that the module had produced at the time of the call. */
void kit_caught_up(struct kit *kit, const char *module, const char *subscription);

/* Figures of a module, from its pinned maps. `cpu` < 0: summed over CPUs. */
struct kit_account {
	unsigned long long produced, filtered; /* since load */
	unsigned long long base;	       /* produced before the subscription began */
	unsigned long long accounted;	    /* highest number that its readers have accounted for */
	unsigned long long delivered, lost; /* of the subscription, as its readers noted */
	long long unsettled;
};
struct kit_account kit_account(struct kit *kit, const char *module, const char *subscription,
			       int cpu);
unsigned int kit_cpus(void);

/* ---- programs ---- */

enum kit_user { KIT_ROOT, KIT_NOBODY_USER };

/* Runs a program to its end as root or as nobody; argv[0] is its path, argv ends with NULL. Returns what
 * it wrote to stdout and stderr (malloc'ed), and its wait status. */
char *program_run(enum kit_user user, const char *const *argv, int *status);

/* `n` times PULSAR_TEST_SCALE percent, at least 1: storms are smaller where the machine is slow. */
unsigned int scaled(unsigned int n);

/* ---- waiting ---- */

/* Waits until condition(arg) holds; fails the test with `what` after a generous limit (60 s). */
void wait_until(bool (*condition)(void *arg), void *arg, const char *what);

#endif
