#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh BUILD [SECONDS]: starts loaderd with file-created and a reader as nobody, prints
# JSON lines until Ctrl-C or for SECONDS, and leaves nothing behind.
set -eu

build=$1 seconds=${2:-}
if [ "$(id -u)" -ne 0 ]; then
	echo "make run needs root: it loads BPF programs" >&2
	exit 1
fi
work=$(mktemp -d)
pins=/sys/fs/bpf/pulsar-run-$$
bpffs=$(awk '$2 == "/sys/fs/bpf"' /proc/mounts)
mode=$(stat -c %a /sys/fs/bpf)
loaderd=
finish() {
	trap '' INT TERM
	if [ -n "$loaderd" ]; then
		kill "$loaderd" 2>/dev/null || :
		wait "$loaderd" 2>/dev/null || :
	fi
	rm -rf "$work"
	if [ -z "$bpffs" ]; then
		umount /sys/fs/bpf 2>/dev/null || :
	else
		chmod "$mode" /sys/fs/bpf
	fi
}
trap finish EXIT
trap 'exit 0' INT TERM

# nobody need not be able to reach the build folder
chmod 755 "$work"
install -m 755 "$build/pulsar-reader" "$work/pulsar-reader"
printf '[loaderd]\nkeep_pins = no\nmodules = file-created\n' > "$work/pulsar.conf"
"$build/pulsar-loaderd" --config "$work/pulsar.conf" --modules "$build/modules" \
	--pin-root "$pins" --socket "$work/socket" --group nogroup &
loaderd=$!
while ! [ -e "$pins/file-created/events" ]; do
	kill -0 "$loaderd" 2>/dev/null || exit 1
	sleep 0.05
done
echo "events of files created on this machine, read as nobody; Ctrl-C ends" >&2
setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs \
	"$work/pulsar-reader" ${seconds:+--duration "$seconds"} --pin-root "$pins" --socket "$work/socket" file-created &
wait $!
