// Package scratch builds a container image from nothing but a static program and a few files: no container engine, no
// registry, no base image. The same files give the same bytes, on any machine.
//
//	img, err := scratch.Build(scratch.Spec{
//		Binary:     "bin/usher",
//		Entrypoint: "/usher",
//		User:       scratch.Nonroot,
//	})
//	...
//	err = scratch.WriteArchive("usher.tar", "usher:dev", img)
package scratch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// NonrootID is the user and group id of an image that needs no privilege. It is the number that images without a shell
// have agreed on, and it satisfies runAsNonRoot because it is a number.
const NonrootID = 65532

// Nonroot is NonrootID as the User of a Spec.
const Nonroot = "65532:65532"

// A Spec says what an image holds and how it starts.
type Spec struct {
	// Binary is the path of a statically linked Linux program on this machine. A dynamically linked one is refused,
	// because nothing in the image could load it.
	Binary string
	// Entrypoint is where Binary lies in the image, from the root: "/usher".
	Entrypoint string
	// User is the numeric user and group that the program runs as; empty means root.
	User string
	// Files are added beside the program, in this order.
	Files []File
	// Labels are the image's labels; none by default.
	Labels map[string]string
}

// A File is one more entry of an image. Its owner is always root.
type File struct {
	// Path is absolute: "/etc/passwd". Parent directories are made.
	Path string
	// Mode holds the permission bits; 0 means 0644 for a file, 0755 for a directory.
	Mode int64
	// Directory says that this is a directory; Content is then not used.
	Directory bool
	// Content is what the file holds.
	Content []byte
}

// Build makes the image. The error says which file could not be read, or why the program cannot run in an empty image
// (see [DynamicError]).
func Build(spec Spec) (v1.Image, error) {
	arch, err := checkStatic(spec.Binary)
	if err != nil {
		return nil, err
	}
	program, err := os.ReadFile(spec.Binary)
	if err != nil {
		return nil, fmt.Errorf("read the program: %w", err)
	}
	files := append([]File{{Path: spec.Entrypoint, Mode: 0o755, Content: program}}, spec.Files...)
	plain, err := layerTar(files)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(
		func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(plain)), nil },
		// The archive is read once by a containerd on the same disk: time matters more than size.
		tarball.WithCompressionLevel(gzip.BestSpeed),
	)
	if err != nil {
		return nil, fmt.Errorf("pack the layer: %w", err)
	}
	img, err := mutate.Append(empty.Image, mutate.Addendum{
		Layer:   layer,
		History: v1.History{CreatedBy: "hack/image", Comment: "from scratch"},
	})
	if err != nil {
		return nil, fmt.Errorf("add the layer: %w", err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("read the image's configuration: %w", err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", arch
	// The beginning of time for every build: a date would make two equal images different.
	config.Created = v1.Time{Time: time.Unix(0, 0).UTC()}
	config.Config.Entrypoint = []string{spec.Entrypoint}
	config.Config.User = spec.User
	config.Config.WorkingDir = "/"
	config.Config.Labels = spec.Labels
	img, err = mutate.ConfigFile(img, config)
	if err != nil {
		return nil, fmt.Errorf("write the image's configuration: %w", err)
	}
	return img, nil
}

// WriteArchive writes a docker-archive, which `docker load`, `kind load image-archive` and `ctr images import` read. The
// file appears whole or not at all.
func WriteArchive(file, tag string, img v1.Image) error {
	ref, err := name.NewTag(tag)
	if err != nil {
		return fmt.Errorf("image tag %q: %w", tag, err)
	}
	partial := file + ".partial"
	if err := tarball.WriteToFile(partial, ref, img); err != nil {
		os.Remove(partial)
		return fmt.Errorf("write the image archive: %w", err)
	}
	if err := os.Rename(partial, file); err != nil {
		return fmt.Errorf("write the image archive: %w", err)
	}
	return nil
}

// layerTar packs the files with fixed times and owners, parents first.
func layerTar(files []File) ([]byte, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	made := map[string]bool{"/": true}
	epoch := time.Unix(0, 0).UTC()
	directory := func(p string, mode int64) error {
		made[p] = true
		return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(p, "/") + "/", Mode: mode, ModTime: epoch, Format: tar.FormatPAX})
	}
	var parents func(p string) error
	parents = func(p string) error {
		if made[p] {
			return nil
		}
		if err := parents(path.Dir(p)); err != nil {
			return err
		}
		return directory(p, 0o755)
	}
	for _, f := range files {
		if !path.IsAbs(f.Path) || path.Clean(f.Path) != f.Path {
			return nil, fmt.Errorf("image file %q: the path must be absolute and clean", f.Path)
		}
		err := parents(path.Dir(f.Path))
		switch {
		case err != nil:
		case f.Directory:
			err = directory(f.Path, orDefault(f.Mode, 0o755))
		default:
			header := &tar.Header{
				Typeflag: tar.TypeReg, Name: strings.TrimPrefix(f.Path, "/"), Size: int64(len(f.Content)),
				Mode: orDefault(f.Mode, 0o644), ModTime: epoch, Format: tar.FormatPAX,
			}
			if err = w.WriteHeader(header); err == nil {
				_, err = w.Write(f.Content)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.Path, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack the layer: %w", err)
	}
	return buf.Bytes(), nil
}

func orDefault(mode, otherwise int64) int64 {
	if mode == 0 {
		return otherwise
	}
	return mode
}
