/* SPDX-License-Identifier: Apache-2.0 */
/* What is fixed from the start of the daemon to its end, whatever a reload says. */
#ifndef LOADERD_CONFIG_FIXED_H
#define LOADERD_CONFIG_FIXED_H

struct config;
struct pin_error;

/**
 * config_fixed_changes() - settings that differ and take a new start
 * @list: their names, with a comma between them; "" for none
 */
void config_fixed_changes(const struct config *old, const struct config *new,
			  struct pin_error *list);

#endif
