/* SPDX-License-Identifier: Apache-2.0 */
/* Modules, subscriptions and kinds as JSON. */
#ifndef LOADERD_CONTROL_SHOW_H
#define LOADERD_CONTROL_SHOW_H

#include <jansson.h>

struct module;
struct rules;

/** show_text() - a string; bytes that are not ASCII text become '?'. A new reference or NULL. */
json_t *show_text(const char *text);

/** show_module() - one module with its hooks and variants. A new reference or NULL. */
json_t *show_module(const struct module *module);

/** show_filter() - the rules of a module's filter. A new reference or NULL. */
json_t *show_filter(const struct module *module, const struct rules *rules);

/** show_subscriptions() - appends the subscriptions of a module. 0 or -ENOMEM. */
int show_subscriptions(const struct module *module, json_t *array);

/** show_kinds() - which kinds of programs this kernel allows, and why not the others. A new reference or NULL. */
json_t *show_kinds(void);

#endif
