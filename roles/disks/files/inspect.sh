# Prints what lies on the disk $1, read-only: the device and its number, what it consists of, every signature on it and on
# its partitions, and the processes that have any of that open. yiyun.operations.hosts.disk_wipe reads it.
set -e
device=$(readlink -f "$1")
if [ ! -b "$device" ]; then
  echo "$1 is no block device of this host: it is not there, or has another name" >&2
  exit 1
fi
echo "== device"
echo "$device $(lsblk --noheadings --nodeps --output MAJ:MIN "$device" | tr -d ' ')"
echo "== lsblk"
lsblk --json --bytes --paths --output NAME,TYPE,SIZE,MOUNTPOINT,MODEL,SERIAL,WWN "$device"
echo "== signatures"
parts=$(lsblk --noheadings --raw --paths --output NAME "$device" | sort -u)
for part in $parts; do
  wipefs --no-act --noheadings --output TYPE "$part"
  # Older libblkid does not know Ceph's.
  if [ "$(head -c 22 "$part" | tr -d '\0')" = 'bluestore block device' ]; then echo ceph_bluestore; fi
done
echo "== openers"
# By device number, since a container has other names for the device; a raw Ceph OSD is neither mounted nor held.
numbers=$(for part in $parts; do stat --dereference --format ' %t:%T ' "$part"; done)
find -L /proc/[0-9]*/fd -maxdepth 1 -type b -exec stat --dereference --format '%t:%T %n' {} + 2>/dev/null |
  while read -r number name; do
    case $numbers in
      *" $number "*)
        process=${name#/proc/}
        process=${process%%/*}
        echo "$(cat "/proc/$process/comm") ($process)"
        ;;
    esac
  done
echo "== end"
