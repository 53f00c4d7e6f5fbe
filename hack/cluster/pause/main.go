// Command pause is the first process of every pod of the local cluster: it holds the pod's namespaces open, takes in
// processes that lost their parent when a pod shares its process namespace, and ends when told to.
//
//	CGO_ENABLED=0 go build ./hack/cluster/pause
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for s := range signals {
		if s != syscall.SIGCHLD {
			return
		}
		reap()
	}
}

// reap takes every ended child. Several may have ended for one signal.
func reap() {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
	}
}
