// SPDX-License-Identifier: Apache-2.0
/* See reader.c. */
#include "reader.h"

#ifdef __SANITIZE_ADDRESS__
const char *__asan_default_options(void);

/* The search for leaks at the end starts a process, and a confined reader cannot. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

int main(int argc, char **argv)
{
	return reader_main(argc, argv);
}
