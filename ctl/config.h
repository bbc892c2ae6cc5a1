/* SPDX-License-Identifier: Apache-2.0 */
/* Settings that are kept in the configuration and, where that is possible, take effect at once. */
#ifndef CTL_CONFIG_H
#define CTL_CONFIG_H

#include "conf.h"
#include "ctl.h"

/**
 * config_change() - changes one key in the file.
 * @value: NULL: takes the key out, if it is there.
 * @at_once: has loaderd read it; what it refuses is taken back.
 *
 * Where no loaderd judges it, `pulsar-loaderd --check` does.
 *
 * Return: CTL_OK, or CTL_FAILED with a line on stderr.
 */
int config_change(const struct ctl *ctl, const struct conf_key *key, const char *value,
		  bool at_once);

#endif
