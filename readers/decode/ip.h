/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses as text, for socket addresses and for DNS. */
#ifndef READERS_DECODE_IP_H
#define READERS_DECODE_IP_H

#include <stdbool.h>
#include <stdint.h>

#define IP4_MAX 15 /* 255.255.255.255 */
#define IP6_MAX 39 /* eight groups of four digits */

/**
 * ip4_put() - append an IPv4 address, IP4_MAX bytes
 * @p: where
 * @ip: four bytes, network order
 *
 * Return: the new end.
 */
char *ip4_put(char *p, const uint8_t *ip);

/**
 * ip6_put() - append an IPv6 address as RFC 5952 wants it, IP6_MAX bytes
 * @p: where
 * @ip: sixteen bytes, network order
 *
 * Return: the new end.
 */
char *ip6_put(char *p, const uint8_t *ip);

/**
 * ip6_is_mapped() - tell an IPv4 address in the form ::ffff:0:0/96, RFC 4291, 2.5.5.2
 * @ip: sixteen bytes; the IPv4 address is the last four
 */
bool ip6_is_mapped(const uint8_t *ip);

#endif
