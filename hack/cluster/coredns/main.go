// Command coredns is CoreDNS with only the plugins that names inside a cluster need. hack/cluster builds it and runs it
// as a pod.
//
//	coredns -conf Corefile
package main

import (
	"github.com/coredns/coredns/coremain"

	// A plugin is there by being imported: CoreDNS has no other way to choose them.
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/template"
)

func main() {
	coremain.Run()
}
