# Takes a snapshot of etcd into the directory $1, checks it, brings it back for a try, and prints what it is as JSON. The
# file becomes that of the account that Ansible logs in with, which may read everything by sudo anyway, so that it can be
# copied without being held in memory.
set -euo pipefail
umask 077
place=$1
pki=/etc/kubernetes/pki
rm -rf "$place"
size=$(stat --format %s /var/lib/etcd/member/snap/db)
free=$(df --output=avail --block-size=1 /var/lib | tail -n 1)
# The snapshot, its trial, and a gigabyte that etcd itself may need meanwhile.
if [ "$free" -lt $((size * 3 + 1073741824)) ]; then
  echo "/var/lib has $((free / 1048576)) MiB free; a snapshot of $((size / 1048576)) MiB and its trial would fill it" >&2
  exit 1
fi
mkdir --mode 0711 "$place"
trap 'rm -rf "$place"' ERR
/usr/local/bin/etcdctl --endpoints https://127.0.0.1:2379 --cacert $pki/etcd/ca.crt --cert $pki/etcd/healthcheck-client.crt \
  --key $pki/etcd/healthcheck-client.key snapshot save "$place/snapshot.db" >&2
status=$(/usr/local/bin/etcdutl snapshot status "$place/snapshot.db" --write-out json)
/usr/local/bin/etcdutl snapshot restore "$place/snapshot.db" --data-dir "$place/tried" >&2
rm -rf "$place/tried"
sum=$(sha256sum "$place/snapshot.db" | cut -d ' ' -f 1)
chown "$SUDO_USER" "$place/snapshot.db"
chmod 0600 "$place/snapshot.db"
printf '{"sha256": "%s", "status": %s, "authority": "%s", "encryption_key": "%s"}\n' "$sum" "$status" \
  "$(sha256sum $pki/ca.crt | cut -d ' ' -f 1)" "$(sha256sum /etc/kubernetes/yiyun/encryption.yaml | cut -d ' ' -f 1)"
