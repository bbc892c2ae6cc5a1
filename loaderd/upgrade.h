/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replaces what runs of a module by another object or other settings, without a
 * gap: the new programs are attached before the old ones go. Meanwhile an event
 * may come from both; the two are told apart by their generation.
 */
#ifndef LOADERD_UPGRADE_H
#define LOADERD_UPGRADE_H

#include "module.h"
#include "pin.h"

/**
 * upgrade_module() - loads and attaches the new one, exchanges the pins, lets the old one go.
 * @module: running; its gid is that of the new one.
 * @launch: of the new one, with keep_maps, perhaps prepared and loaded; the caller releases it.
 *
 * Rings, counters, subscriptions, positions, and own maps of equal definition go over.
 *
 * Return: 0; 1 with *error: done, but something of the old one could not be removed;
 * negative errno with *error: the old one runs on as it was.
 */
int upgrade_module(struct module *module, struct launch *launch, struct pin_error *error);

#endif
