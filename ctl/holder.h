/* SPDX-License-Identifier: Apache-2.0 */
/* Who reads a subscription, in words. */
#ifndef CTL_HOLDER_H
#define CTL_HOLDER_H

#include <stddef.h>

struct facts_subscription;

/**
 * holder_text() - "pulsar-reader[812] nobody", "nobody reads it", "-" if loaderd did not say.
 * @text: printable ASCII of at most @size bytes.
 */
const char *holder_text(const struct facts_subscription *subscription, char *text, size_t size);

#endif
