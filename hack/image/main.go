// Command image packs the usher program into a container image from scratch, without a container engine. The archive is
// what `go run ./hack/cluster load-image`, `docker load` and `ctr images import` take.
//
//	CGO_ENABLED=0 go build -trimpath -o bin/usher .
//	go run ./hack/image --binary bin/usher --tag usher:dev --out bin/usher.tar
//
// The image holds /usher, the names of user 65532, the machine's certificate authorities if it has any, and an empty
// /tmp. The same inputs give the same bytes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"

	"usher.chat/hack/image/scratch"
)

// authorities is where Debian, Ubuntu and Alpine keep the certificate authorities as one file, and where Go looks first.
const authorities = "/etc/ssl/certs/ca-certificates.crt"

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintf(os.Stderr, "image: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string, out, help io.Writer) error {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.SetOutput(help)
	binary := flags.String("binary", "", "the statically linked usher program (required)")
	tag := flags.String("tag", "usher:dev", "name and version of the image")
	file := flags.String("out", "", "the archive to write (required)")
	roots := flags.String("ca-certificates", authorities, "certificate authorities to put in, if the file exists; empty for none")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *binary == "" || *file == "" || flags.NArg() > 0 {
		return errors.New("usage: image --binary PATH --out FILE.tar [--tag NAME:VERSION]")
	}
	spec, err := usherSpec(*binary, *roots)
	if err != nil {
		return err
	}
	img, err := scratch.Build(spec)
	if err != nil {
		return err
	}
	if err := scratch.WriteArchive(*file, *tag, img); err != nil {
		return err
	}
	digest, err := img.Digest()
	if err != nil {
		return fmt.Errorf("compute the image's digest: %w", err)
	}
	info, err := os.Stat(*file)
	if err != nil {
		return fmt.Errorf("look at the archive: %w", err)
	}
	fmt.Fprintf(out, "%s is %s, %d MiB in %s\n", *tag, digest, info.Size()>>20, *file)
	return nil
}

// usherSpec says what the product's image holds. The Dockerfile says the same: change both.
func usherSpec(binary, roots string) (scratch.Spec, error) {
	spec := scratch.Spec{
		Binary:     binary,
		Entrypoint: "/usher",
		User:       scratch.Nonroot,
		Labels: map[string]string{
			"org.opencontainers.image.title":    "usher",
			"org.opencontainers.image.licenses": "Apache-2.0",
		},
		Files: []scratch.File{
			{Path: "/etc/passwd", Content: fmt.Appendf(nil, "nonroot:x:%[1]d:%[1]d:nonroot:/:/sbin/nologin\n", scratch.NonrootID)},
			{Path: "/etc/group", Content: fmt.Appendf(nil, "nonroot:x:%d:\n", scratch.NonrootID)},
			{Path: "/tmp", Directory: true, Mode: 0o1777},
		},
	}
	if roots == "" {
		return spec, nil
	}
	pem, err := os.ReadFile(roots)
	if errors.Is(err, fs.ErrNotExist) {
		return spec, nil
	}
	if err != nil {
		return spec, fmt.Errorf("read the certificate authorities: %w", err)
	}
	spec.Files = append(spec.Files, scratch.File{Path: authorities, Content: pem})
	return spec, nil
}
