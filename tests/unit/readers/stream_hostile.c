// SPDX-License-Identifier: Apache-2.0
/* The reader's half of the protocol, against a loaderd that says anything. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "stream_peer.h"

static struct peer peer;

static void setup(void)
{
	peer_init(&peer);
}

static void teardown(void)
{
	peer_release(&peer);
}

TestSuite(hostile, .init = setup, .fini = teardown);

static void expect_refused(const char *why)
{
	int err;

	memset(&peer.refusal, 0, sizeof(peer.refusal));
	err = answer_rings(peer.ours, &peer.answer, &peer.refusal);
	cr_expect_eq(err, -EPROTO, "%s: %d", why, err);
	cr_expect_eq(peer.refusal.error, EPROTO, "%s", why);
	cr_expect(peer.refusal.text[0], "%s: no reason", why);
	cr_expect_eq(peer_open_fds(), peer.fds, "%s: descriptors", why);
}

Test(hostile, every_shorter_message_is_refused)
{
	for (size_t len = 1; len < peer_good(&peer, 2); len++) {
		peer_good(&peer, 2);
		peer_says(&peer, len, 3);
		expect_refused("short, with the size of the whole");
		peer_good(&peer, 2);
		peer.message.rings.wire.size = (__u32)len;
		peer_says(&peer, len, 3);
		expect_refused("short, and says so");
	}
	for (size_t len = 1; len < peer_refusal(&peer, EBUSY); len++) {
		peer.message.error.wire.size = (__u32)len;
		peer_says(&peer, len, 0);
		expect_refused("short refusal");
	}
}

Test(hostile, longer_message_is_refused)
{
	size_t len = peer_good(&peer, 2);

	peer_says(&peer, len + 1, 3);
	expect_refused("one more than it says");
	len = peer_good(&peer, 2) + 1;
	peer.message.rings.wire.size = (__u32)len;
	peer_says(&peer, len, 3);
	expect_refused("one more than its rings");
	len = peer_good(&peer, PULSAR_WIRE_FDS_MAX);
	peer_says(&peer, len, PEER_FDS_MAX);
	expect_refused("more rings than a message can have");
	len = peer_good(&peer, 300);
	peer.message.rings.wire.size = (__u32)len;
	peer_says(&peer, len, PEER_FDS_MAX);
	expect_refused("longer than any good one");
	peer_refusal(&peer, EBUSY);
	peer.message.error.wire.size++;
	peer_says(&peer, sizeof(peer.message.error) + 1, 0);
	expect_refused("longer refusal");
}

Test(hostile, wrong_header_is_refused)
{
	peer_good(&peer, 1);
	peer.message.rings.wire.magic++;
	peer_says(&peer, peer.message.rings.wire.size, 2);
	expect_refused("magic");
	peer_good(&peer, 1);
	peer.message.rings.wire.version++;
	peer_says(&peer, peer.message.rings.wire.size, 2);
	expect_refused("version");
	cr_expect(strstr(peer.refusal.text, "version"));
	peer_good(&peer, 1);
	peer.message.rings.wire.reserved = 1;
	peer_says(&peer, peer.message.rings.wire.size, 2);
	expect_refused("reserved");
}

Test(hostile, type_that_loaderd_does_not_send_is_refused)
{
	static const __u16 types[] = {
		0, PULSAR_ASK_RINGS, PULSAR_ASK_CONTROL, PULSAR_ANSWER_CONTROL, 6, 0xffff
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		peer_good(&peer, 1);
		peer.message.rings.wire.type = types[i];
		peer_says(&peer, peer.message.rings.wire.size, 2);
		expect_refused("type");
	}
}

Test(hostile, other_number_of_descriptors_is_refused)
{
	for (unsigned int fds = 0; fds <= 5; fds++) {
		if (fds == 3)
			continue;
		peer_says(&peer, peer_good(&peer, 2), fds);
		expect_refused("descriptors");
	}
	peer_says(&peer, peer_good(&peer, 2), PEER_FDS_MAX);
	expect_refused("as many as the kernel lets pass");
	peer_refusal(&peer, EBUSY);
	peer_says(&peer, sizeof(peer.message.error), 1);
	expect_refused("a refusal with one");
}

Test(hostile, count_that_is_not_that_of_the_rings_is_refused)
{
	static const __u32 counts[] = { 0, 1, 3, 250, 0x0aaaaaac, ~0u };

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		size_t len = peer_good(&peer, 2);

		peer.message.rings.count = counts[i];
		peer_says(&peer, len, 3);
		expect_refused("count");
	}
}

Test(hostile, numbers_out_of_range_are_refused)
{
	static const __u32 pages[] = { 0, 3, 12, 1u << 21, 1u << 31, ~0u };

	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		peer_good(&peer, 1);
		peer.message.rings.data_pages = pages[i];
		peer_says(&peer, peer.message.rings.wire.size, 2);
		expect_refused("data_pages");
	}
	peer_good(&peer, 1);
	peer.message.rings.slot = PULSAR_SUBSCRIPTIONS_MAX;
	peer_says(&peer, peer.message.rings.wire.size, 2);
	expect_refused("slot");
	peer_good(&peer, 1);
	peer.message.rings.ring[0].cpu = 300;
	peer_says(&peer, peer.message.rings.wire.size, 2);
	expect_refused("cpu");
	peer_good(&peer, 1);
	peer.message.rings.first = 2;
	peer_says(&peer, peer.message.rings.wire.size, 3);
	expect_refused("first");
	peer_good(&peer, 1);
	peer.message.rings.more = 2;
	peer_says(&peer, peer.message.rings.wire.size, 2);
	expect_refused("more");
	peer_refusal(&peer, 0);
	peer_says(&peer, sizeof(peer.message.error), 0);
	expect_refused("a refusal without an error");
	peer_refusal(&peer, -5);
	peer_says(&peer, sizeof(peer.message.error), 0);
	expect_refused("a negative error");
}

/* Where there is no room for all descriptors the kernel passes some, and says that it cut. */
Test(hostile, message_whose_descriptors_were_cut_is_refused)
{
	struct rlimit before, tight;

	peer_says(&peer, peer_good(&peer, 5), 6);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	tight = before;
	tight.rlim_cur = (rlim_t)peer.thing + 3;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
	cr_expect_eq(answer_rings(peer.ours, &peer.answer, &peer.refusal), -EPROTO);
	cr_expect(strstr(peer.refusal.text, "cut"));
	setrlimit(RLIMIT_NOFILE, &before);
}
