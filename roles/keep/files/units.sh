# Reads lines `unit on_change file...` and prints one JSON object: the state of each unit, and the first of its files that
# changed after it last read them (`stale`). A restart reads files when its main process starts, a reload when the unit
# changes its state; systemd gives both in microseconds since boot. The change time of a file, unlike the modification
# time, cannot be set back.
now=$(date +%s%N) || exit 1
read -r up _ </proc/uptime
boot=$((now / 10000000 - ${up%.*}${up#*.})) # hundredths of a second
comma=
printf '{'
while read -r unit on_change files; do
  load= active= sub= file= reload= changed=0 started=0
  while IFS='=' read -r key value; do
    case $key in
      LoadState) load=$value ;;
      ActiveState) active=$value ;;
      UnitFileState) file=$value ;;
      NeedDaemonReload) reload=$value ;;
      StateChangeTimestampMonotonic) changed=$value ;;
      ExecMainStartTimestampMonotonic) started=$value ;;
    esac
  done <<END
$(systemctl show -p LoadState,ActiveState,UnitFileState,NeedDaemonReload \
    -p StateChangeTimestampMonotonic,ExecMainStartTimestampMonotonic -- "$unit")
END
  [ "$on_change" = restart ] && [ "${started:-0}" != 0 ] && changed=$started
  stale=
  if [ "$active" = active ] || [ "$active" = reloading ]; then
    at=$((boot + ${changed:-0} / 10000))
    [ -z "$files" ] || stale=$(find $files -maxdepth 0 -newerct "@$((at / 100)).$(printf '%02d' $((at % 100)))" -print -quit 2>/dev/null)
  fi
  printf '%s"%s":{"load":"%s","active":"%s","file":"%s","reload":"%s","stale":"%s"}' \
    "$comma" "$unit" "$load" "$active" "$file" "$reload" "$stale"
  comma=,
done
printf '}\n'
