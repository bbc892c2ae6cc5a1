#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# lint.sh: formatting, static analysis, first lines of files, and what the folders may
# include. Prints what is wrong; the status is the number of kinds of findings.
set -u
cd "$(dirname "$0")/.."
wrong=0
sources=$(git ls-files '*.c' '*.h')

# shellcheck disable=SC2086
if ! clang-format --dry-run -Werror $sources 2>&1 | grep -m 20 'error:'; then :; else
	wrong=$((wrong + 1))
fi

# The licence stands in the first line: of the kernel's side in bpf/ and include/, of the rest elsewhere.
for f in $sources; do
	want='Apache-2.0'
	case $f in
	bpf/*|include/*|*.bpf.c|*.bpf.h) want='GPL-2.0-only OR BSD-2-Clause' ;;
	tests/bench/*.h) want='\(Apache-2.0\|GPL-2.0-only OR BSD-2-Clause\)' ;; # some are for both sides
	esac
	head -n 1 "$f" | grep -q "SPDX-License-Identifier: $want" || { echo "$f: first line is not '$want'"; bad=1; }
done
[ -z "${bad:-}" ] || wrong=$((wrong + 1))

# Arrows between folders: a header of another folder is found only if it may be included.
# include <- everyone; pin -> include; loaderd, readers, ctl -> pin, include; nothing includes tests.
for area in pin loaderd readers ctl; do
	case $area in pin) may="pin" ;; *) may="pin $area" ;; esac
	for header in $(git ls-files "$area/*.c" "$area/*.h" | xargs sed -n 's/^#include "\(\.\.\/\)*\(.*\)"/\2/p' | sort -u); do
		for dir in $may; do
			[ -f "$dir/$header" ] && continue 2
		done
		find "$area" -path "*/$header" | grep -q . && continue
		echo "$area: includes \"$header\", which is in none of: $may"
		arrow=1
	done
done
[ -z "${arrow:-}" ] || wrong=$((wrong + 1))

if command -v cppcheck > /dev/null; then
	# The macros of <sys/queue.h> and libbpf as what they stand for; it does not look into system headers.
	cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem '-DLIBBPF_OPTS(type,name,...)=struct type name={__VA_ARGS__}' \
		'-DLIST_HEAD(n,t)=struct n{struct t*first;}' '-DLIST_ENTRY(t)=struct{struct t*next;}' \
		-Iinclude -Ipin pin loaderd readers ctl 2>&1 || wrong=$((wrong + 1))
fi
if command -v clang-tidy > /dev/null; then
	for area in pin loaderd readers ctl; do
		# Each folder with what it may include, as in the Makefile.
		git ls-files "$area/*.c" | xargs -P "$(nproc)" -n 6 sh -c 'clang-tidy --quiet "$@" -- -std=gnu11 -D_GNU_SOURCE \
			-DPULSAR_VERSION="\"\"" -DPULSAR_MODULES_DIR="\"\"" -Iinclude -Ipin -I"${1%%/*}" 2> /dev/null' sh || tidy=1
	done
	[ -z "${tidy:-}" ] || wrong=$((wrong + 1))
fi
exit "$wrong"
