package scratch_test

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"usher.chat/hack/image/scratch"
)

// elfFile writes a Linux program of one segment: enough to be read, not to be run.
func elfFile(t *testing.T, machine elf.Machine, segment elf.ProgType) string {
	t.Helper()
	var buf bytes.Buffer
	header := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1, Shentsize: 64,
	}
	for _, part := range []any{header, elf.Prog64{Type: uint32(segment), Off: 120}} {
		if err := binary.Write(&buf, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, buf.Bytes(), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func spec(binary string) scratch.Spec {
	return scratch.Spec{
		Binary: binary, Entrypoint: "/usher", User: scratch.Nonroot,
		Files: []scratch.File{
			{Path: "/etc/passwd", Content: []byte("nonroot\n")},
			{Path: "/etc/ssl/certs/roots.crt", Content: []byte("roots\n")},
			{Path: "/tmp", Directory: true, Mode: 0o1777},
		},
	}
}

// entries unpacks the only layer of an image.
func entries(t *testing.T, img v1.Image) []string {
	t.Helper()
	layers, err := img.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("layers: %d, %v", len(layers), err)
	}
	r, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var list []string
	for files := tar.NewReader(r); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(time.Unix(0, 0)) || h.Uid != 0 || h.Gid != 0 {
			t.Errorf("%s: time %v, owner %d:%d; want the epoch and root", h.Name, h.ModTime, h.Uid, h.Gid)
		}
		list = append(list, fmt.Sprintf("%s %o", h.Name, h.Mode))
	}
}

func TestTheArchiveHoldsTheProgramItsFilesAndNothingElse(t *testing.T) {
	img, err := scratch.Build(spec(elfFile(t, elf.EM_X86_64, elf.PT_LOAD)))
	if err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "usher.tar")
	if err := scratch.WriteArchive(archive, "usher:1.2.3", img); err != nil {
		t.Fatal(err)
	}
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(archive) })
	if err != nil {
		t.Fatal(err)
	}
	if got := manifest[0].RepoTags; !slices.Equal(got, []string{"usher:1.2.3"}) {
		t.Errorf("tags = %v", got)
	}
	read, err := tarball.ImageFromPath(archive, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"usher 755", "etc/ 755", "etc/passwd 644", "etc/ssl/ 755", "etc/ssl/certs/ 755", "etc/ssl/certs/roots.crt 644", "tmp/ 1777"}
	if got := entries(t, read); !slices.Equal(got, want) {
		t.Errorf("entries\n got %q\nwant %q", got, want)
	}
	config, err := read.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(config.Config.Entrypoint, []string{"/usher"}) || config.Config.User != "65532:65532" || config.OS != "linux" || config.Architecture != "amd64" {
		t.Errorf("configuration = %+v on %s/%s", config.Config, config.OS, config.Architecture)
	}
}

func TestTheSameFilesGiveTheSameBytes(t *testing.T) {
	program := elfFile(t, elf.EM_AARCH64, elf.PT_LOAD)
	var archives [2][]byte
	for i := range archives {
		img, err := scratch.Build(spec(program))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "usher.tar")
		if err := scratch.WriteArchive(path, "usher:dev", img); err != nil {
			t.Fatal(err)
		}
		if archives[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("two builds of the same files differ")
	}
}

func TestAProgramThatNeedsALoaderIsRefused(t *testing.T) {
	program := elfFile(t, elf.EM_X86_64, elf.PT_INTERP)
	_, err := scratch.Build(spec(program))
	var dynamic *scratch.DynamicError
	if !errors.As(err, &dynamic) || dynamic.Path != program {
		t.Fatalf("error = %v, want a DynamicError for %s", err, program)
	}
}

func TestAFileThatIsNoProgramIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := scratch.Build(spec(path)); err == nil {
		t.Fatal("a script was taken for a program")
	}
}

func TestARelativePathIsRefused(t *testing.T) {
	s := spec(elfFile(t, elf.EM_X86_64, elf.PT_LOAD))
	s.Files = append(s.Files, scratch.File{Path: "../outside"})
	if _, err := scratch.Build(s); err == nil {
		t.Fatal("a path outside the image was taken")
	}
}
