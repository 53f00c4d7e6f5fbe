package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"usher.chat/hack/cluster/machine"
)

// endPods ends every container of a node and the shims that watch over them. They outlive containerd and the kubelet, so
// ending those is not enough.
func (c *localCluster) endPods(ctx context.Context, n machine.Node, groups machine.Cgroups) error {
	var problems []error
	if _, running := c.daemons.Find(containerdDaemon(n).ID()); running {
		problems = append(problems, endTasks(ctx, n))
	}
	// What is left after that: containers of a containerd that had died before, and their shims.
	for _, pids := range [][]int{groups.Processes(n.CgroupRoot), machine.Shims(n.Socket())} {
		for _, pid := range pids {
			_, started, err := machine.ProcessStat(pid)
			if err != nil {
				continue // It ended meanwhile.
			}
			if err := machine.End(ctx, machine.Record{PID: pid, Started: started}, 2*time.Second); err != nil {
				problems = append(problems, fmt.Errorf("end the process %d of a pod: %w", pid, err))
			}
		}
	}
	return errors.Join(problems...)
}

// endTasks asks containerd to end and forget every task. A shim ends with the last task of its pod.
func endTasks(ctx context.Context, n machine.Node) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	out, err := machine.Execute(ctx, ctr(n, "tasks", "list", "-q")...)
	if err != nil {
		return fmt.Errorf("list the pods of %s: %w", n.Name, err)
	}
	ids := strings.Fields(out)
	if len(ids) == 0 {
		return nil
	}
	// One may end by itself between the list and this: what counts is that no process is left, which is looked at next.
	_, _ = machine.Execute(ctx, ctr(n, append([]string{"tasks", "delete", "--force"}, ids...)...)...)
	return nil
}

// removeResults forgets what the CNI library keeps of our pods in a directory that cannot be chosen. A pod of ours is told
// by its network namespace, which lies below the state directory.
func removeResults(p machine.Plan) error {
	files, err := filepath.Glob("/var/lib/cni/results/*")
	if err != nil {
		return fmt.Errorf("find the pods' network results: %w", err)
	}
	var problems []error
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err == nil && bytes.Contains(raw, []byte(`"`+p.Dir+"/")) {
			err = os.Remove(f)
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
