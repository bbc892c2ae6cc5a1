// SPDX-License-Identifier: Apache-2.0
/* See ctl.c. */
#include "ctl.h"

int main(int argc, char **argv)
{
	return ctl_main(argc, argv);
}
