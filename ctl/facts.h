/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of Pulsar at one moment, from two sources: loaderd, as far as it
 * answers, and the pinned maps, as far as the caller may read them. Each works
 * without the other.
 */
#ifndef CTL_FACTS_H
#define CTL_FACTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <pulsar/event.h>
#include <pulsar/schema.h>

#include "client.h"
#include "ctl.h"
#include "pin.h"

struct facts_subscription {
	char name[PULSAR_SUBSCRIPTION_LEN];
	/* from loaderd */
	bool served;
	pid_t holder_pid; /* 0: nobody reads it */
	uid_t holder_uid;
	unsigned int rings;  /* CPUs that have one */
	__u64 ring_bytes;    /* of each */
	__u64 fill_bytes;    /* of all: written and not yet read */
	__u64 fullest_bytes; /* of the ring that is fullest */
	/* from the pins, of all CPUs together, since the subscription began */
	bool positioned;
	__u64 delivered; /* the reader's claim, as is lost[PULSAR_LOST_DISCARDED] */
	__u64 lost[PULSAR_LOST_CAUSES];
	__u64 waiting; /* produced, neither delivered nor lost */
};

struct facts_module {
	char name[PULSAR_MODULE_LEN];
	json_t *shown; /* what loaderd says of it, borrowed from facts; NULL: nothing */
	bool pinned;
	bool described; /* meta is valid */
	struct pulsar_meta meta;
	bool counted; /* the next ones are valid: since it was loaded, of all CPUs together */
	__u64 produced;
	__u64 filtered;
	/* Of all subscriptions together; what was discarded, as readers say. */
	__u64 lost[PULSAR_LOST_CAUSES];
	unsigned int subscriptions_count;
	struct facts_subscription subscriptions[PULSAR_SUBSCRIPTIONS_MAX];
};

/* Zeroed is empty. */
struct facts {
	json_t *loaderd;	    /* its answer to "status"; NULL: see absent */
	struct client_error absent; /* why there is none */
	char pin_root[PIN_PATH_MAX];
	struct pin_error
		unseen; /* why the pins cannot be looked at, printable ASCII; "": they can */
	__u64 time_ns;	/* CLOCK_BOOTTIME */
	struct facts_module *modules;
	size_t count;
	json_t *modules_shown; /* array: what `shown` points into */
};

/**
 * facts_gather() - asks loaderd and reads the pins.
 * @facts: zeroed; facts_release() in any case.
 * @module: only this one; NULL: all.
 *
 * Return: 0, also when a source could not be had; -ENOENT with a line on stderr: there is no
 * such module; -ENOMEM, with one too.
 */
int facts_gather(struct facts *facts, const struct ctl *ctl, const char *module);

/** facts_release() - frees what is in it, and zeroes it. */
void facts_release(struct facts *facts);

/** facts_find() - a module by name, NULL. */
struct facts_module *facts_find(const struct facts *facts, const char *name);

/** facts_subscription() - by name, NULL. */
struct facts_subscription *facts_subscription(struct facts_module *module, const char *name);

/** facts_state() - "running", "stopped", "failed"; "pinned": loaderd does not say. */
const char *facts_state(const struct facts_module *module);

/** facts_lost() - the sum of all causes. */
__u64 facts_lost(const __u64 lost[PULSAR_LOST_CAUSES]);

/** facts_cause() - "ring_full", as in lines of readers. */
const char *facts_cause(enum pulsar_cause cause);

/**
 * facts_rate() - events produced per second.
 * @before: of the same module, earlier; NULL: the mean since it was loaded.
 *
 * Return: the rate, below 0: not known.
 */
double facts_rate(const struct facts_module *now, __u64 now_ns, const struct facts_module *before,
		  __u64 before_ns);

/** facts_json() - as an object; @before as in facts_rate(), NULL. A new reference, NULL: no memory. */
json_t *facts_json(const struct facts *facts, const struct facts *before);

/** facts_hooks() - array of {"hook", "variant"} of a module, from loaderd or meta. A new reference. */
json_t *facts_hooks(const struct facts_module *module);

/** facts_subscriptions_json() - all subscriptions, each with its module. A new reference. */
json_t *facts_subscriptions_json(const struct facts *facts);

/** facts_blind() - whether neither source had anything to say: the command has failed. */
bool facts_blind(const struct facts *facts);

/** facts_note_absent() - one line on stderr that says what is not known, if anything is not. */
void facts_note_absent(const struct facts *facts);

/* ---- facts_pins.c, for facts.c ---- */

/**
 * facts_read_pins() - adds what the pins of facts->pin_root say.
 * @module: only this one; NULL: all that loaderd has named, and all that can be listed.
 *
 * Return: 0; -ENOMEM.
 */
int facts_read_pins(struct facts *facts, const char *module);

/** facts_module_add() - finds or adds a module; NULL: no memory. */
struct facts_module *facts_module_add(struct facts *facts, const char *name);

/** facts_subscription_add() - finds or adds; NULL: there are more than there can be. */
struct facts_subscription *facts_subscription_add(struct facts_module *module, const char *name);

/** facts_read_subscription() - sums up the positions of one: pure. */
void facts_read_subscription(struct facts_subscription *s, const struct pulsar_counters *counters,
			     const struct pulsar_position *positions, unsigned int cpus,
			     unsigned int slot);

#endif
