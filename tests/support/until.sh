# SPDX-License-Identifier: Apache-2.0
# For scripts that test: sourced.

# until_is COMMAND...: waits for it, for UNTIL_SECONDS (60) at most
until_is() {
	for _ in $(seq $((${UNTIL_SECONDS:-60} * 10))); do
		"$@" > /dev/null 2>&1 && return
		sleep 0.1
	done
	echo "did not come: $*"
	return 1
}

not() {
	! "$@"
}
