# Prints how the cluster does, asked from this control host: parts of JSON, each after a line with its name. A part that
# could not be read is left empty. Read-only.
part() {
  echo "--yiyun-part-- $1"
  shift
  "$@" 2>/dev/null
}
kubectl() {
  /usr/local/bin/kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=10s "$@" --output json
}
etcd() {
  /usr/local/bin/etcdctl --endpoints https://127.0.0.1:2379 --cacert /etc/kubernetes/pki/etcd/ca.crt \
    --cert /etc/kubernetes/pki/etcd/healthcheck-client.crt --key /etc/kubernetes/pki/etcd/healthcheck-client.key \
    --command-timeout 10s --write-out json "$@"
}
part nodes kubectl get nodes
part pods kubectl get pods --namespace kube-system --selector tier=control-plane
part configuration kubectl get configmap kubeadm-config --namespace kube-system
part members etcd member list
# Ends with 1 when one of them is not well; the list is there all the same.
part health etcd endpoint health --cluster
true
