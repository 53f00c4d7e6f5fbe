package main

import (
	"errors"
	"flag"
	"io"
	"strings"
	"testing"
)

func environment(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func TestDirectoriesFollowTheBaseDirectorySpecification(t *testing.T) {
	for _, c := range []struct {
		name       string
		env        map[string]string
		dir, cache string
	}{
		{"defaults", map[string]string{"HOME": "/home/a"}, "/home/a/.local/state/usher/cluster", "/home/a/.cache/usher"},
		{"set", map[string]string{"HOME": "/home/a", "XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "/c"}, "/s/usher/cluster", "/c/usher"},
		{"a relative one does not count", map[string]string{"HOME": "/home/a", "XDG_STATE_HOME": "s"}, "/home/a/.local/state/usher/cluster", "/home/a/.cache/usher"},
		{"our own", map[string]string{"HOME": "/home/a", "XDG_CACHE_HOME": "/c", "USHER_CACHE": "/u"}, "/home/a/.local/state/usher/cluster", "/u"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := parseOptions([]string{"up"}, environment(c.env), io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if o.dir != c.dir || o.cache != c.cache {
				t.Errorf("dir %s, cache %s; want %s, %s", o.dir, o.cache, c.dir, c.cache)
			}
		})
	}
}

func TestFlagsMayStandOnBothSidesOfTheArchive(t *testing.T) {
	for _, args := range [][]string{
		{"load-image", "usher.tar", "--registry", "r:5000"},
		{"load-image", "--registry", "r:5000", "usher.tar"},
	} {
		o, err := parseOptions(args, environment(map[string]string{"HOME": "/h"}), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if o.archive != "usher.tar" || o.registry != "r:5000" {
			t.Errorf("%q: archive %q, registry %q", args, o.archive, o.registry)
		}
	}
}

func TestAWrongCommandLineSaysWhatToChange(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"start"}, `no command "start"`},
		{[]string{"up", "now"}, `takes no argument`},
		{[]string{"load-image"}, `load-image FILE.tar`},
		{[]string{"load-image", "a.tar", "b.tar"}, `takes one archive`},
		{[]string{"up", "--provider", "minikube"}, `auto, given, kind or local`},
		{[]string{"up", "--provider", "given"}, `--kubeconfig FILE`},
		{[]string{"up", "--nodes", "0"}, `must be 1 to 9`},
		{[]string{"up", "--dir", "/" + strings.Repeat("d", 70)}, `at most 60`},
	} {
		_, err := parseOptions(c.args, environment(map[string]string{"HOME": "/h"}), io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want one with %q", c.args, err, c.want)
		}
	}
}

func TestHelpListsTheCommands(t *testing.T) {
	for _, args := range [][]string{{}, {"help"}, {"--help"}, {"up", "--help"}} {
		var out strings.Builder
		if _, err := parseOptions(args, environment(map[string]string{"HOME": "/h"}), &out); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("%q: error %v", args, err)
		}
		if !strings.Contains(out.String(), "load-image FILE.tar") || !strings.Contains(out.String(), "-provider") {
			t.Errorf("%q: help is %q", args, out.String())
		}
	}
}
