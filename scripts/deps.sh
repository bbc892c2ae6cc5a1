#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Debian packages that the build and the tests need, listed in scripts/packages.
#
#   deps.sh check GROUP...       fail and name what is missing
#   deps.sh install [GROUP...]   install what is missing of these groups (all), as root
set -eu

list=$(dirname "$0")/packages

# missing GROUP...: names of the packages of these groups (none: all) that are not installed
missing() {
	while read -r group name; do
		case $group in ''|\#*) continue ;; esac
		case " $* " in "  "|*" $group "*) ;; *) continue ;; esac
		dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q '^install ok installed$' ||
			printf '%s ' "$name"
	done < "$list"
}

verb=${1:-check}
[ $# -gt 0 ] && shift
if ! command -v dpkg-query > /dev/null; then
	echo "deps.sh: no dpkg here: what $list names must be installed by hand" >&2
	exit 0
fi
names=$(missing "$@")
[ -n "$names" ] || exit 0
case $verb in
check)
	echo "missing packages: $names" >&2
	echo "install them with: make deps" >&2
	exit 1
	;;
install)
	if [ "$(id -u)" -ne 0 ]; then
		echo "missing packages: $names" >&2
		echo "install them as root with: make deps" >&2
		exit 1
	fi
	echo "installing: $names"
	apt-get update -q > /dev/null
	# No init script starts a daemon in runlevel 1, see runlevel(8).
	# shellcheck disable=SC2086
	RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $names > /dev/null
	;;
*)
	echo "usage: deps.sh check|install [GROUP...]" >&2
	exit 2
	;;
esac
