package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// buildStatic makes a real static program to pack: the one that the cluster's pods begin with.
func buildStatic(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-o", path, "usher.chat/hack/cluster/pause")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

func TestTheImageOfAStaticProgramIsWrittenAndNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "usher.tar")
	roots := filepath.Join(t.TempDir(), "roots.crt")
	if err := os.WriteFile(roots, []byte("roots"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run([]string{"--binary", buildStatic(t), "--tag", "usher:test", "--out", file, "--ca-certificates", roots}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	img, err := tarball.ImageFromPath(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, "usher:test is sha256:") || !strings.Contains(got, file) {
		t.Errorf("said %q; the archive's image is %s", got, digest)
	}
}

func TestCertificateAuthoritiesAreLeftOutWhereTheMachineHasNone(t *testing.T) {
	with, err := usherSpec("x", filepath.Join(t.TempDir(), "none.crt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range with.Files {
		if f.Path == authorities {
			t.Errorf("the image has %s from nowhere", f.Path)
		}
	}
}

func TestMissingArgumentsAreRefused(t *testing.T) {
	for _, args := range [][]string{{}, {"--binary", "x"}, {"--out", "x"}, {"--binary", "x", "--out", "y", "z"}} {
		if err := run(args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
}
