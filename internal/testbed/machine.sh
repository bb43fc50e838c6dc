# Process 1 of a machine, in process, mount and network namespaces of its own: machine.sh ROOT STATE CGROUP
# ROOT (read only) with what is on the machine's disk over it becomes its root, and systemd its process 1.
set -e
root=$1 state=$2 cgroup=$3
mkdir -p "$cgroup"
echo 0 >"$cgroup/cgroup.procs"
cat /proc/sys/kernel/random/uuid >"$state/boot_id"
# Its own view of cgroups begins where it is now.
exec unshare --cgroup /bin/sh -ec '
root=$1 state=$2
mount --make-rprivate /
mount -t overlay -o "lowerdir=$root,upperdir=$state/disk,workdir=$state/work" machine "$state/root"
cd "$state/root"
mkdir -p var/lib/docker
mount --bind "$state/docker" var/lib/docker # layers of images cannot be laid over an overlay
mount -t proc proc proc
mount --bind "$state/boot_id" proc/sys/kernel/random/boot_id # every boot is another one
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -o remount,bind,ro sys # there is no udev: networkd does not wait for it where it sees that
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
for device in null zero full random urandom tty; do
	touch dev/$device
	mount --bind /dev/$device dev/$device
done
touch dev/console
mount --bind "$state/console" dev/console
hostname machine
pivot_root . mnt
umount -l /mnt
mount --make-rshared /
exec env -i container=dockwall PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --show-status=no
' sh "$root" "$state"
