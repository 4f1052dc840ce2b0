# Has udev apply its rules to the disks that are named as arguments, and waits until it has.
set -e
udevadm control --reload
for disk; do
  udevadm trigger --action=change --name-match="$disk"
done
udevadm settle --timeout=60
