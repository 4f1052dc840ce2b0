# Clears a disk completely: $1 its name, $2 the device number that was inspected, $3 overwrite or nvme_format, $4 passes of
# random data; then what to take apart first, as `dm PATH` and `md PATH`. Every step asks the kernel for the whole device
# and fails while something uses it. Prints `key value` lines.
set -e
device=$(readlink -f "$1")
number=$2 method=$3 passes=$4
shift 4
if [ "$(lsblk --noheadings --nodeps --output MAJ:MIN "$device" | tr -d ' ')" != "$number" ]; then
  echo "$device is no longer the device that was looked at; nothing was destroyed" >&2
  exit 1
fi
echo "began $(date -u +%Y-%m-%dT%H:%M:%SZ)"
for layer; do
  case $layer in
    dm\ *) dmsetup remove "${layer#dm }" >&2 ;;
    md\ *) mdadm --stop "${layer#md }" >&2 ;;
  esac
done
# Partitions first; without --force wipefs opens exclusively, which fails while a device is mounted or held.
for part in $(lsblk --noheadings --raw --paths --output NAME "$device" | sort -ru); do
  wipefs --all --quiet "$part" >&2
done
case $method in
  overwrite) shred --iterations="$passes" --zero "$device" >&2 ;;
  nvme_format) nvme format "$device" --ses=1 >&2 ;;
  *) echo "no method $method" >&2; exit 1 ;;
esac
sync "$device"
blockdev --flushbufs "$device"
# Read back 64 places from the first to the last MiB, past the cache.
size=$(blockdev --getsize64 "$device")
samples=0
if [ "$method" = overwrite ]; then
  last=$(((size + 1048575) / 1048576 - 1))
  i=0
  while [ $i -lt 64 ]; do
    at=$((last * i / 63))
    if [ "$(dd if="$device" bs=1048576 skip="$at" count=1 iflag=nocache status=none | tr -d '\0' | head -c 1 | wc -c)" != 0 ]; then
      echo "$device still holds data at MiB $at" >&2
      exit 1
    fi
    samples=$((samples + 1))
    i=$((i + 1))
  done
fi
if [ -n "$(wipefs --no-act --noheadings --output TYPE "$device")" ]; then
  echo "$device still has a signature" >&2
  exit 1
fi
blockdev --rereadpt "$device" 2>/dev/null || true
echo "ended $(date -u +%Y-%m-%dT%H:%M:%SZ)"
echo "samples $samples"
echo "verified yes"
