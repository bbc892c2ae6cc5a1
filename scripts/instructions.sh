#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# instructions.sh PROGRAM LIMITS: what a line costs in instructions, by callgrind, against limits; see
# tests/bench/instructions.c. Unlike times, these do not depend on the machine and its load. They do on the
# compiler, its options and the C library: the limits are those of gcc 12 with -O2, with room of a tenth,
# and other versions may need others.
set -eu

program=$1 limits=$2 count=1000 status=0

# measure KIND: instructions of one event, whole ones
measure() {
	total=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
		--toggle-collect=encode_all "$program" "$1" "$count" 2>&1 > /dev/null |
		sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p')
	echo $((${total:-0} / count))
}

while read -r kind limit; do
	case $kind in ''|\#*) continue ;; esac
	measured=$(measure "$kind")
	if [ "$measured" -eq 0 ]; then
		echo "instructions.sh: $kind: nothing was measured" >&2
		status=1
	elif [ "$measured" -gt "$limit" ]; then
		echo "instructions.sh: $kind: $measured instructions an event, and the limit is $limit" >&2
		status=1
	else
		echo "$kind: $measured instructions an event, of at most $limit"
	fi
done < "$limits"
exit $status
