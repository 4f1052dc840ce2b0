# Prints the parts of the control plane that run since before one of the files that they show or trust was written.
set -eu
pki=/etc/kubernetes/pki
now=$(date +%s)
while read -r part files; do
  pid=$(pgrep --oldest --full "^$part ") || continue
  started=$((now - $(ps --no-headers --format etimes --pid "$pid")))
  for file in $files; do
    if [ "$(stat --format %Y "$file")" -gt "$started" ]; then
      echo "$part"
      break
    fi
  done
done <<END
etcd $pki/etcd/server.crt $pki/etcd/peer.crt
kube-apiserver $pki/apiserver.crt $pki/apiserver-kubelet-client.crt $pki/apiserver-etcd-client.crt $pki/front-proxy-client.crt
kube-controller-manager /etc/kubernetes/controller-manager.conf
kube-scheduler /etc/kubernetes/scheduler.conf
END
