/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which processes are of interest to which module: brings the rules of all
 * modules into core's maps, and has core decide anew for the processes that run.
 */
#ifndef LOADERD_INTEREST_H
#define LOADERD_INTEREST_H

#include "pin.h"

struct interest;
struct rules;

/** interest_new() - nobody has rules. Return: for interest_free(), NULL with ENOMEM. */
struct interest *interest_new(void);

/** interest_free() - the maps stay as they are. NULL is fine. */
void interest_free(struct interest *interest);

/**
 * interest_set() - the rules of one module, for the next interest_apply().
 * @number: of the module.
 * @rules: copied; NULL: none.
 *
 * Return: 0, or -ENOMEM: then it has the rules that it had.
 */
int interest_set(struct interest *interest, unsigned int number, const struct rules *rules);

/** interest_rules() - the rules that were set, borrowed. */
const struct rules *interest_rules(const struct interest *interest, unsigned int number);

/**
 * interest_apply() - makes the kernel's rules those that were set.
 * @pins: where core is pinned.
 * @error: on success "", or what a rule names and is not there: such a rule does nothing.
 *
 * While rules change, an event may pass that the new ones drop, but none is dropped
 * that both let pass. Afterwards all processes are decided by the new rules.
 *
 * Return: 0; -ENOENT core does not run; -E2BIG more rules than the maps hold; another
 * negative errno; with *error.
 */
int interest_apply(struct interest *interest, const struct pin_root *pins, struct pin_error *error);

#endif
