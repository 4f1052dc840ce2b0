# Checks the snapshot in the directory $1 against the sum $2 and makes of it the data of the member $3 with the address $4,
# of the cluster $5 with the token $6: beside etcd's own data, which is not touched.
set -euo pipefail
umask 077
file=$1/snapshot.db
echo "$2  $file" | sha256sum --check --quiet
size=$(stat --format %s "$file")
free=$(df --output=avail --block-size=1 /var/lib/etcd | tail -n 1)
if [ "$free" -lt $((size * 2 + 1073741824)) ]; then
  echo "/var/lib/etcd has $((free / 1048576)) MiB free; a snapshot of $((size / 1048576)) MiB would fill it" >&2
  exit 1
fi
/usr/local/bin/etcdutl snapshot status "$file" --write-out json
rm -rf /var/lib/etcd/yiyun-restored
# Revisions go on well after those that the world has seen: watchers would otherwise take old news for new.
/usr/local/bin/etcdutl snapshot restore "$file" --data-dir /var/lib/etcd/yiyun-restored --name "$3" \
  --initial-advertise-peer-urls "https://$4:2380" --initial-cluster "$5" --initial-cluster-token "$6" \
  --bump-revision 1000000000 --mark-compacted >&2
