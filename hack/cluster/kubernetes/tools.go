// Package kubernetes pins the Kubernetes that hack/cluster builds and runs: the version in go.mod is the version of
// every component. It has no code of its own.
//
//	go build -C hack/cluster/kubernetes k8s.io/kubernetes/cmd/kube-apiserver
package kubernetes
