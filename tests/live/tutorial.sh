#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tutorial.sh SOURCE BUILD: does what docs/tutorial.md says, with Pulsar installed in a mount
# namespace of its own. Its files are the blocks marked with their names, its commands
# the blocks marked sh; those marked console need kprobes or change the machine.
#
# The status is 0 if each command succeeded; 77 if this machine cannot do it, and then the
# last line says why.
set -eu

source=$1 build=$2
# The namespace first: nothing of what follows is seen outside, and it goes with us.
if [ "${3:-}" != inside ]; then
	exec unshare --mount --propagation private "$0" "$source" "$build" inside
fi

skip() {
	echo "$*"
	exit 77
}

for program in clang bpftool llvm-strip gcc make pkg-config setpriv groupadd; do
	command -v "$program" > /dev/null || skip "needs $program, to build a probe"
done
[ -f "$source/docs/tutorial.md" ] || skip "needs the source"
[ "$(basename "$build")" != san ] || skip "the kit would need sanitizers, and the tutorial has none"

work=$(mktemp -d)
loaderd=
finish() {
	[ -z "$loaderd" ] || { kill "$loaderd" && wait "$loaderd"; } 2> /dev/null || :
	cd / && umount -l "$work"
	rmdir "$work"
}
trap finish EXIT
mount -t tmpfs -o mode=0755 tutorial "$work"

# ---- installed ----

mkdir "$work/build"
for part in obj bpf modules .deps .flags .sources; do
	cp -a "$build/$part" "$work/build/"
done
cp -a "$build"/*.a "$build"/pulsar-loaderd "$build"/pulsar-reader "$build"/pulsarctl "$work/build/"
make --no-print-directory -C "$source" BUILD="$work/build" DESTDIR="$work/root" install > "$work/make.log" 2>&1 ||
	{ tail -n 20 "$work/make.log"; exit 1; }

# overlay LOWER AT: what is written to AT stays in $work
overlay() {
	mkdir -p "$work/over$2/upper" "$work/over$2/work"
	mount -t overlay -o "lowerdir=$1,upperdir=$work/over$2/upper,workdir=$work/over$2/work" overlay "$2" 2> /dev/null ||
		skip "needs overlayfs, to install Pulsar for itself only"
}
overlay "$work/root/usr:/usr" /usr
overlay /etc /etc
mount -t bpf bpf /sys/fs/bpf
mount -t tmpfs -o mode=0755 run /run
mkdir -p /run/pulsar /etc/pulsar
getent group pulsar > /dev/null || groupadd --system pulsar

setpriv --pdeathsig TERM pulsar-loaderd 2> "$work/loaderd.log" &
loaderd=$!
until [ "$(pulsarctl --json status 2> /dev/null | grep -c '"running"')" -ge 2 ]; do
	kill -0 "$loaderd" || { cat "$work/loaderd.log"; exit 1; }
	sleep 0.1
done

# ---- the tutorial ----

mkdir "$work/empty"
cd "$work/empty"
awk '
/^```$/ && out { close(out); out = ""; next }
/^```c /       { out = $2; next }
/^```sh$/      { out = sprintf("%02d.sh", ++n); next }
/^```/         { other = !other; next }
out            { print > out }' "$source/docs/tutorial.md"
cat ./[0-9]*.sh > all
# The tutorial has a test of its own, which is not to take itself for a part of the one that runs us.
unset PULSAR_TEST_VARIANT "${!BXFI@}" "${!CRITERION@}"
bash -eux all || { cat "$work/loaderd.log"; exit 1; }
[ ! -e /sys/fs/bpf/pulsar/new-file ] || { echo "the module is still pinned"; exit 1; }
