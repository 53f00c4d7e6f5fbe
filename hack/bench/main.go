// Command bench measures what the product promises, each figure beside the limit of the machine that
// was measured in the same run, and prints a table:
//
//	go run ./hack/bench                     # all
//	go run ./hack/bench -only picks -json f # some; also as JSON
//
// Servers are processes of their own, as in production; callers share the two cores with them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// figure is one line of the table. Limit and Ratio are absent where there is nothing to compare with.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Limit float64 `json:"limit"`
	Ratio float64 `json:"ratio"`
	// Promise is the target in words, Met whether it was reached.
	Promise string `json:"promise,omitempty"`
	Met     bool   `json:"met"`
	Note    string `json:"note,omitempty"`
}

// bench is one measurement.
type bench struct {
	name string
	run  func(ctx context.Context, e *env) ([]figure, error)
}

// among tells whether a measurement is asked for, by its name or by the part before the point, which some share.
func (b bench) among(names []string) bool {
	group, _, _ := strings.Cut(b.name, ".")
	return slices.Contains(names, b.name) || slices.Contains(names, group)
}

// env is what measurements share.
type env struct {
	dir        string // temporary
	usher      string // the product's binary
	self       string // this program
	duration   time.Duration
	kubeconfig string
	profiles   string // directory; empty for none
	// found by the first measurements, used by later ones
	bareMessages, syncs float64
	bareP50             time.Duration
	bareCost            cost
}

var benches = []bench{
	{"limits", benchLimits},
	{"ledger", benchLedger},
	{"messages", benchMessages},
	{"pods.messages", benchPodMessages},
	{"pods.lead", benchPodLead},
	{"start", benchStart},
	{"resume", benchResume},
	{"settings", benchSettings},
	{"steady", benchSteady},
	{"picks", benchPicks},
	{"places", benchPlaces},
	{"offers", benchOffers},
	{"memory", benchMemory},
	{"close", benchClose},
	{"replay", benchReplay},
	{"simulator", benchSimulator},
	{"routing", benchRouting},
	{"footprint", benchFootprint},
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "bare" {
		if err := serveBare(); err != nil {
			fmt.Fprintln(os.Stderr, "bench bare:", err)
			os.Exit(1)
		}
		return
	}
	if telling() {
		return
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	out := flag.String("json", "", "also write the figures to this file, as a JSON list")
	only := flag.String("only", "", "comma-separated measurements; all when empty")
	e := &env{}
	flag.DurationVar(&e.duration, "duration", 5*time.Second, "of each measurement")
	flag.StringVar(&e.usher, "usher", "", "the usher binary; built when empty")
	flag.StringVar(&e.kubeconfig, "kubeconfig", os.Getenv("KUBECONFIG"), "of the cluster that `make up` started, for close_to_widget_p99")
	flag.StringVar(&e.profiles, "profile", "", "also write profiles of server and clients to this directory; such a run measures itself too")
	flag.Parse()

	dir, err := os.MkdirTemp("", "usher-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	e.dir = dir
	if e.self, err = os.Executable(); err != nil {
		return err
	}
	if e.usher == "" {
		e.usher = filepath.Join(dir, "usher")
		fmt.Fprintln(os.Stderr, "building usher …")
		build := exec.CommandContext(ctx, "go", "build", "-o", e.usher, ".")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("build usher: %w", err)
		}
	}
	var figures []figure
	var failed []error
	for _, b := range benches {
		if *only != "" && b.name != "limits" && !b.among(strings.Split(*only, ",")) {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s …\n", b.name)
		got, err := b.run(ctx, e)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", b.name, err))
		}
		figures = append(figures, got...)
	}
	table(figures)
	if *out != "" {
		data, err := json.MarshalIndent(figures, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(*out, append(data, '\n'), 0o644); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}

func table(figures []figure) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FIGURE\tVALUE\tUNIT\tLIMIT\tRATIO\tPROMISED\tMET\tNOTE")
	for _, f := range figures {
		limit, ratio, met := "", "", ""
		if f.Limit != 0 {
			limit, ratio = number(f.Limit), fmt.Sprintf("%.2f", f.Ratio)
		}
		if f.Promise != "" {
			met = "no"
			if f.Met {
				met = "yes"
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Name, number(f.Value), f.Unit, limit, ratio, f.Promise, met, f.Note)
	}
	_ = w.Flush()
}

func number(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// atLeast and atMost make a figure with its promise.
func atLeast(name string, value float64, unit string, limit, promised float64, note string) figure {
	f := figure{Name: name, Value: value, Unit: unit, Limit: limit, Promise: "≥ " + number(promised), Met: value >= promised, Note: note}
	if limit > 0 {
		f.Ratio = value / limit
	}
	return f
}

func atMost(name string, value float64, unit string, limit, promised float64, note string) figure {
	f := figure{Name: name, Value: value, Unit: unit, Limit: limit, Promise: "≤ " + number(promised), Met: value <= promised, Note: note}
	if limit > 0 {
		f.Ratio = value / limit
	}
	return f
}
