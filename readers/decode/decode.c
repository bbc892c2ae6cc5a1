// SPDX-License-Identifier: Apache-2.0
/* The table of the kinds. A new kind is one line here and one struct decoder. */
#include "decode.h"

static const struct decoder *const decoders[] = {
	[PULSAR_KIND_UINT] = &decode_uint,
	[PULSAR_KIND_INT] = &decode_int,
	[PULSAR_KIND_BOOL] = &decode_bool,
	[PULSAR_KIND_HEX] = &decode_hex,
	[PULSAR_KIND_ENUM] = &decode_enum,
	[PULSAR_KIND_FLAGS] = &decode_flags,
	[PULSAR_KIND_ERRNO] = &decode_errno,
	[PULSAR_KIND_MODE] = &decode_mode,
	[PULSAR_KIND_SIGNAL] = &decode_signal,
	[PULSAR_KIND_TIME] = &decode_time,
	[PULSAR_KIND_CHARS] = &decode_chars,
	[PULSAR_KIND_STRING] = &decode_string,
	[PULSAR_KIND_BYTES] = &decode_bytes,
	[PULSAR_KIND_STRINGS] = &decode_strings,
	[PULSAR_KIND_ADDRESS] = &decode_address,
	[PULSAR_KIND_DNS] = &decode_dns,
	[PULSAR_KIND_CAPABILITIES] = &decode_capabilities,
	[PULSAR_KIND_SYSCALL] = &decode_syscall,
	[PULSAR_KIND_OPTIONAL] = &decode_optional,
	[PULSAR_KIND_COUNTS] = &decode_counts,
	[PULSAR_KIND_SYSCALLS] = &decode_counts,
};

const struct decoder *decoder_of(uint32_t kind)
{
	if (kind >= sizeof(decoders) / sizeof(decoders[0]) || !decoders[kind])
		return &decode_unknown;
	return decoders[kind];
}

bool decoder_takes(const struct decoder *decoder, uint32_t size)
{
	if (decoder->size == ANY_INTEGER)
		return size == 1 || size == 2 || size == 4 || size == 8;
	return decoder->size ? size == decoder->size : size > 0;
}
