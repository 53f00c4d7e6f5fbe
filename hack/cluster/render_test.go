package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"usher.chat/hack/cluster/machine"
)

// update writes the golden files anew: go test ./hack/cluster -update
var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from %s; if it should, run the test with -update. Got:\n%s", name, path, got)
	}
}

func exampleSetting() setting {
	p := machine.NewPlan("/state", 2)
	return setting{
		Plan: p, Node: p.Nodes[1], CNIPlugins: "/usr/lib/cni", PauseImage: "usher.invalid/pause:1", CoreDNSImage: "usher.invalid/coredns:v1",
		Provisioner: provisioner,
	}
}

func TestSettingsAreRenderedAsTheyWere(t *testing.T) {
	files, err := templates.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		t.Run(f.Name(), func(t *testing.T) {
			out, err := render(f.Name(), exampleSetting())
			if err != nil {
				t.Fatal(err)
			}
			golden(t, f.Name(), out)
			if !strings.HasSuffix(f.Name(), ".yaml") {
				return
			}
			for document := range strings.SplitSeq(string(out), "\n---\n") {
				var v map[string]any
				if err := yaml.UnmarshalStrict([]byte(document), &v); err != nil {
					t.Errorf("not YAML: %v\n%s", err, document)
				}
			}
		})
	}
}

func TestCommandLinesAreRenderedAsTheyWere(t *testing.T) {
	p := machine.NewPlan("/state", 2)
	programs := map[string]string{}
	for _, program := range clusterPrograms() {
		programs[program.Name] = "/cache/" + program.Name
	}
	list := controlDaemons(p, programs)
	for _, n := range p.Nodes {
		list = append(list, containerdDaemon(n))
		list = append(list, kubeletDaemons(n, programs)...)
	}
	var out bytes.Buffer
	for _, d := range list {
		fmt.Fprintf(&out, "%s in %s\n  %s\n", d.ID(), d.Netns, strings.Join(d.Command, "\n    "))
	}
	golden(t, "daemons", out.Bytes())
}

func TestEveryDaemonHasANameOfItsOwn(t *testing.T) {
	p := machine.NewPlan("/state", 3)
	list := controlDaemons(p, nil)
	for _, n := range p.Nodes {
		list = append(list, containerdDaemon(n))
		list = append(list, kubeletDaemons(n, nil)...)
	}
	seen := map[string]bool{}
	for _, d := range list {
		if seen[d.ID()] {
			t.Errorf("two daemons are called %s", d.ID())
		}
		seen[d.ID()] = true
	}
}

func TestASettingThatIsRightIsNotWrittenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node2", "kube-proxy.yaml")
	s := exampleSetting()
	for i, want := range []bool{true, false} {
		changed, err := renderTo(path, "kube-proxy.yaml", s)
		if err != nil || changed != want {
			t.Errorf("time %d: changed %v, %v; want %v", i+1, changed, err, want)
		}
	}
	s.Node.Name = "another"
	if changed, err := renderTo(path, "kube-proxy.yaml", s); err != nil || !changed {
		t.Errorf("another setting: changed %v, %v", changed, err)
	}
}
