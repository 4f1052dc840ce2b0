# Ends the part $1 of the control plane, which the kubelet starts again, and waits until a new process is well. $2: the
# host's address.
set -eu
pki=/etc/kubernetes/pki
well() {
  case $1 in
    etcd)
      /usr/local/bin/etcdctl --endpoints https://127.0.0.1:2379 --cacert $pki/etcd/ca.crt \
        --cert $pki/etcd/healthcheck-client.crt --key $pki/etcd/healthcheck-client.key endpoint health
      ;;
    kube-apiserver) ask "https://$2:6443" /readyz ;;
    kube-controller-manager) ask https://127.0.0.1:10257 /healthz ;;
    kube-scheduler) ask https://127.0.0.1:10259 /healthz ;;
  esac
}
# Who answers is this very host. Nobody may ask for health too, but kubectl asks a person for a name then.
ask() {
  /usr/local/bin/kubectl --kubeconfig /etc/kubernetes/admin.conf --insecure-skip-tls-verify --request-timeout 5s --server "$1" get --raw "$2"
}
old=$(pgrep --oldest --full "^$1 ")
kill -TERM "$old"
tries=0
until new=$(pgrep --oldest --full "^$1 ") && [ "$new" != "$old" ] && well "$1" "$2" >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ $tries -gt 120 ]; then
    echo "$1 is not well two minutes after its restart" >&2
    exit 1
  fi
  sleep 1
done
