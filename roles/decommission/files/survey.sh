# Prints one line per disk that is named as an argument: its id, and what is on it. Read-only.
for disk; do
  if [ ! -b "$disk" ]; then
    echo "$disk not there"
    continue
  fi
  device=$(readlink -f "$disk")
  held=$(for part in $(lsblk --noheadings --raw --paths --output NAME "$device" | sort -u); do
    wipefs --no-act --noheadings --output TYPE "$part"
  done | sort -u | tr '\n' ' ')
  echo "$disk ${held:-no signature}"
done
