// SPDX-License-Identifier: Apache-2.0
/* See reader.c. */
#include "reader.h"

int main(int argc, char **argv)
{
	return reader_main(argc, argv);
}
