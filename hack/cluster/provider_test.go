package main

import (
	"errors"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"usher.chat/hack/image/scratch"

	"usher.chat/hack/cluster/machine"
)

func quiet() console {
	return console{out: new(strings.Builder), now: func() time.Time { return time.Unix(0, 0) }}
}

func TestTheProviderIsTheFirstThatIsThere(t *testing.T) {
	for _, c := range []struct {
		name, asked string
		machine     surroundings
		want        string
	}{
		{"asked for", "local", surroundings{Given: "/k", Docker: true, Kind: true}, "local"},
		{"running already", "auto", surroundings{Remembered: "local", Given: "/k", Docker: true, Kind: true}, "local"},
		{"a kubeconfig", "auto", surroundings{Given: "/k", Own: "/state/kubeconfig", Docker: true, Kind: true}, "given"},
		{"our own kubeconfig is not a given one", "auto", surroundings{Given: "/state/kubeconfig", Own: "/state/kubeconfig"}, "local"},
		{"kind", "auto", surroundings{Docker: true, Kind: true}, "kind"},
		{"kind without an engine", "auto", surroundings{Kind: true}, "local"},
		{"an engine without kind", "auto", surroundings{Docker: true}, "local"},
		{"nothing", "auto", surroundings{}, "local"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := choose(c.asked, c.machine); got != c.want {
				t.Errorf("chose %s, want %s", got, c.want)
			}
		})
	}
}

func TestAnImageForAGivenClusterNeedsARegistry(t *testing.T) {
	given := &givenCluster{kubeconfig: "/k", say: quiet()}
	err := given.LoadImage(t.Context(), "usher.tar")
	var needed *registryError
	if !errors.As(err, &needed) || !strings.Contains(err.Error(), "--registry") {
		t.Fatalf("error = %v, want a registryError", err)
	}
}

func TestAnImageForAGivenClusterIsPushedUnderItsOwnName(t *testing.T) {
	server := httptest.NewServer(registry.New())
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	img, err := random.Image(1000, 1)
	if err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "usher.tar")
	if err := scratch.WriteArchive(archive, "usher:v7", img); err != nil {
		t.Fatal(err)
	}
	given := &givenCluster{kubeconfig: "/k", registry: host + "/team", say: quiet()}
	if err := given.LoadImage(t.Context(), archive); err != nil {
		t.Fatal(err)
	}
	ref, err := name.NewTag(host + "/team/usher:v7")
	if err != nil {
		t.Fatal(err)
	}
	pushed, err := remote.Image(ref)
	if err != nil {
		t.Fatal(err)
	}
	want, err := img.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	got, err := pushed.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("the registry has image %s, want %s", got, want)
	}
}

func TestARunningClusterIsRemembered(t *testing.T) {
	a := &app{opts: options{dir: t.TempDir(), provider: "auto"}, say: quiet()}
	if was, err := a.recall(); err != nil || was != (machine.Memory{}) {
		t.Fatalf("recalled %+v of nothing, %v", was, err)
	}
	if err := a.remember(machine.Memory{Provider: "given", Kubeconfig: "/home/a/config"}); err != nil {
		t.Fatal(err)
	}
	found, was, err := a.find(t.Context())
	if err != nil || was.Provider != "given" || found.Kubeconfig() != "/home/a/config" {
		t.Errorf("found %+v of %s, %v", was, found.Kubeconfig(), err)
	}
}

func TestARunningClusterKeepsItsNodes(t *testing.T) {
	a := &app{opts: options{dir: t.TempDir(), provider: "auto", nodes: 1}, say: quiet()}
	if err := a.remember(machine.Memory{Provider: "local", Nodes: 2}); err != nil {
		t.Fatal(err)
	}
	for asked, want := range map[int]int{1: 2, 2: 2, 3: 3} {
		a.opts.nodes = asked
		found, _, err := a.find(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if local, ok := found.(*localCluster); !ok || len(local.plan.Nodes) != want {
			t.Errorf("asked for %d nodes of 2: %+v", asked, found)
		}
	}
}
