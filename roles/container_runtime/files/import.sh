# Imports archives: of each a line with the image's name and the archive's path, which is removed.
# Pinned: the kubelet clears images away when the disk fills, and nobody could bring the pause image back then.
set -e
while read -r image archive; do
  [ -n "$image" ] || continue
  ctr --namespace k8s.io images import --digests=false "$archive" < /dev/null
  ctr --namespace k8s.io images label "$image" io.cri-containerd.image=managed io.cri-containerd.pinned=pinned < /dev/null
  rm -f "$archive"
done
