/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a test's load there is. */
#include <stdlib.h>

#include "pulsar-test.h"

unsigned int scaled(unsigned int n)
{
	const char *percent = getenv("PULSAR_TEST_SCALE");
	unsigned int result = percent ? n * strtoull(percent, NULL, 10) / 100 : n;

	return result ? result : 1;
}
