# Reads lines `key value` and prints `key=value` where the kernel's setting is another. As in sysctl.d, `/` in a key
# stands for a dot in a name.
while read -r key want; do
  path=/proc/sys/$(printf '%s' "$key" | tr ./ /.)
  have=$(tr -s '\t ' '  ' <"$path" 2>/dev/null) || have=
  [ "$have" = "$(printf '%s' "$want" | tr -s '\t ' '  ')" ] || echo "$key=$want"
done
