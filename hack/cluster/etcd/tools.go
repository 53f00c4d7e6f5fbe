// Package etcd pins the etcd that hack/cluster builds and runs. It has no code of its own.
//
//	go build -C hack/cluster/etcd go.etcd.io/etcd/server/v3
package etcd
