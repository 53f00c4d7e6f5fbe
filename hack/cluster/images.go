package main

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"usher.chat/hack/image/scratch"

	"usher.chat/hack/cluster/machine"
)

//go:embed pause/main.go
var pauseSource []byte

// A loadable is an image in an archive on this machine.
type loadable struct {
	// Tag is the image's full name, Archive the file that holds it.
	Tag, Archive string
}

// systemImages makes the images that the cluster itself runs, and keeps them in the cache.
func (b *builder) systemImages(programs map[string]string) (pause, coredns loadable, err error) {
	if pause, err = b.systemImage("pause", programs["pause"]); err != nil {
		return pause, coredns, err
	}
	coredns, err = b.systemImage("coredns", programs["coredns"])
	return pause, coredns, err
}

// systemImage packs one program. Its version is that of the folder that the program is cached in.
func (b *builder) systemImage(name, program string) (loadable, error) {
	version := strings.TrimPrefix(filepath.Base(filepath.Dir(program)), name+"-")
	image := loadable{
		// Under a name that no registry answers to: it must never be pulled.
		Tag:     "usher.invalid/" + name + ":" + version,
		Archive: filepath.Join(b.cache, "images", name+"-"+version+".tar"),
	}
	if machine.Exists(image.Archive) {
		return image, nil
	}
	if err := os.MkdirAll(filepath.Dir(image.Archive), 0o755); err != nil {
		return image, fmt.Errorf("make the image cache: %w", err)
	}
	img, err := scratch.Build(scratch.Spec{Binary: program, Entrypoint: "/" + name, User: scratch.Nonroot})
	if err != nil {
		return image, fmt.Errorf("build the image of %s: %w", name, err)
	}
	return image, scratch.WriteArchive(image.Archive, image.Tag, img)
}

// ensurePause builds the first process of every pod. It is our own, so its version is that of its source.
func (b *builder) ensurePause(ctx context.Context) (string, error) {
	path := b.path("pause", sourceVersion(pauseSource))
	if machine.Exists(path) {
		return path, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("make the cache: %w", err)
	}
	_, err := goCommand(ctx, b.root, "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", path, "./hack/cluster/pause")
	if err != nil {
		return "", fmt.Errorf("build pause: %w", err)
	}
	return path, nil
}

// sourceVersion is a short name for a program's source.
func sourceVersion(source []byte) string {
	sum := sha256.Sum256(source)
	return hex.EncodeToString(sum[:6])
}

// importImage gives an archive to a node's containerd.
func importImage(ctx context.Context, n machine.Node, archive string) error {
	if _, err := machine.Execute(ctx, ctr(n, "images", "import", "--digests=false", archive)...); err != nil {
		return fmt.Errorf("load %s into %s: %w", filepath.Base(archive), n.Name, err)
	}
	return nil
}

// hasImage says whether a node has an image of this name.
func hasImage(ctx context.Context, n machine.Node, tag string) (bool, error) {
	out, err := machine.Execute(ctx, ctr(n, "images", "list", "-q", "name=="+tag)...)
	if err != nil {
		return false, fmt.Errorf("list the images of %s: %w", n.Name, err)
	}
	return strings.TrimSpace(out) != "", nil
}
