package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// usage is how much processor time each process of a measurement has used: this one, which plays the clients, and
// those that it started. A shared machine gives fewer messages a second in a bad hour; what one costs changes little.
type usage map[int]used

type used struct {
	name string
	took time.Duration
}

// usageNow reads it. Where there is no /proc it is empty.
func usageNow() usage {
	parents, all := map[int]int{}, usage{}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	for _, file := range files {
		if pid, parent, u, ok := readStat(file); ok {
			parents[pid], all[pid] = parent, u
		}
	}
	mine := usage{}
	for pid, u := range all {
		for p := pid; p != 0; p = parents[p] {
			if p == os.Getpid() {
				mine[pid] = u
				break
			}
		}
	}
	return mine
}

// tick is the unit of processor time in /proc.
const tick = 10 * time.Millisecond

// readStat reads a process's parent, name and processor time.
func readStat(file string) (pid, parent int, u used, ok bool) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, used{}, false // it has ended
	}
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 0 || end < open {
		return 0, 0, used{}, false
	}
	rest := strings.Fields(string(b[end+1:]))
	if len(rest) < 13 {
		return 0, 0, used{}, false
	}
	number := func(s string) int {
		n, _ := strconv.Atoi(s) //nolint:errcheck // the kernel wrote it
		return n
	}
	u = used{string(b[open+1 : end]), time.Duration(number(rest[11])+number(rest[12])) * tick}
	return number(string(bytes.TrimSpace(b[:open]))), number(rest[1]), u, true
}

// cost is what a message costs, by kind of process.
type cost struct {
	clients, store time.Duration
	pods           []time.Duration // the dearest first
}

// since gives the cost of each of n messages since another reading.
func (u usage) since(before usage, n uint64) (c cost) {
	if n == 0 {
		return c
	}
	for pid, now := range u {
		each := (now.took - before[pid].took) / time.Duration(n)
		switch {
		case pid == os.Getpid():
			c.clients += each
		case now.name == "postgres":
			c.store += each
		case each > 0:
			c.pods = append(c.pods, each)
		}
	}
	slices.Sort(c.pods)
	slices.Reverse(c.pods)
	return c
}

func (c cost) all() time.Duration {
	sum := c.clients + c.store
	for _, p := range c.pods {
		sum += p
	}
	return sum
}

func (c cost) String() string {
	var pods []string
	for _, p := range c.pods {
		pods = append(pods, micros(p))
	}
	text := fmt.Sprintf("processor %s µs a message: server %s", micros(c.all()), strings.Join(pods, " + "))
	if c.store > 0 {
		text += ", PostgreSQL " + micros(c.store)
	}
	return text + ", clients " + micros(c.clients)
}

func micros(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(time.Microsecond), 'f', 1, 64)
}
