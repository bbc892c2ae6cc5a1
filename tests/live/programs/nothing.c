/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that does nothing, for tests that run very many. It is linked statically: of a run of
 * /bin/true it is the dynamic linker that takes the time.
 */
int main(void)
{
	return 0;
}
