// SPDX-License-Identifier: Apache-2.0
/* Hashes what a module's pins depend on. */
#include "identity.h"

#include <errno.h>
#include <string.h>
#include <xxhash.h>

#include "config.h"
#include "object.h"

/* Of what this loaderd puts into pins, beyond what the ABI says. Grows when that changes. */
#define IDENTITY_FORMAT 1

/* What is hashed first; without holes, so that the bytes are defined. */
struct identity_fixed {
	__u32 format;
	__u32 abi;
	__u32 cpus;
	__u32 number;
	__u32 gid;
	__u32 core_maps[IDENTITY_CORE_MAPS_MAX];
	__u8 digest[PULSAR_IDENTITY_LEN];
	char module[PULSAR_MODULE_LEN];
	char variant[PULSAR_VARIANT_LEN];
};

_Static_assert(sizeof(struct identity_fixed) == 20 + 4 * IDENTITY_CORE_MAPS_MAX +
							PULSAR_IDENTITY_LEN + PULSAR_MODULE_LEN +
							PULSAR_VARIANT_LEN,
	       "no holes");

const char *identity_variant(const struct config *config, const char *module)
{
	const struct config_module *section = config_section(config, module);

	return section && section->variant[0] ? section->variant : config->variant;
}

int identity_make(const struct identity_of *of, __u8 identity[PULSAR_IDENTITY_LEN])
{
	const struct config_module *section = config_section(of->config, of->object->name);
	struct identity_fixed fixed = {
		.format = IDENTITY_FORMAT,
		.abi = PULSAR_ABI,
		.cpus = of->cpus,
		.number = of->number,
		.gid = of->gid,
	};
	XXH128_canonical_t canonical;
	XXH3_state_t *state = XXH3_createState();

	if (!state)
		return -ENOMEM;
	memcpy(fixed.core_maps, of->core_maps, sizeof(fixed.core_maps));
	memcpy(fixed.digest, of->object->digest, sizeof(fixed.digest));
	strcpy(fixed.module, of->object->name);
	strcpy(fixed.variant, identity_variant(of->config, of->object->name));
	XXH3_128bits_reset(state);
	XXH3_128bits_update(state, &fixed, sizeof(fixed));
	/* With their NULs, so that no two lists of settings look alike. */
	for (size_t i = 0; section && i < section->variables_count; i++) {
		const struct config_variable *v = &section->variables[i];

		XXH3_128bits_update(state, v->name, strlen(v->name) + 1);
		XXH3_128bits_update(state, v->value, strlen(v->value) + 1);
	}
	XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
	memcpy(identity, canonical.digest, PULSAR_IDENTITY_LEN);
	XXH3_freeState(state);
	return 0;
}
