# Process 1 of an engine, in mount and process namespaces of its own and in the host's network namespace:
# engine.sh ROOT STATE VARIANT COMMAND...
# ROOT (read only) with a file system in memory over it becomes the engine's root, STATE its /mnt. It becomes an init
# there, whose only child says "ready" and becomes COMMAND; when that ends, everything in the namespaces ends and vanishes.
set -e
root=$1 state=$2 variant=$3
shift 3

mount --make-rprivate /
mount -t tmpfs -o mode=755 engine "$state/root"
cd "$state/root"
mkdir upper work merged
mount -t overlay -o "lowerdir=$root,upperdir=$PWD/upper,workdir=$PWD/work" overlay merged
mount --bind "$state" merged/mnt
cd merged
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
for family in iptables ip6tables; do
	for tool in "" -save -restore; do
		ln -sf "/usr/sbin/$family-$variant$tool" "etc/alternatives/$family$tool"
	done
done
exec chroot . /usr/bin/tini-static -- /bin/sh -c 'echo ready; exec "$@"' sh "$@"
