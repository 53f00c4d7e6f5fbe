package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/tools/clientcmd"
)

// A givenCluster is somebody else's: it is used as it is, and never ended.
type givenCluster struct {
	kubeconfig string
	// registry is where images for it go; its nodes must be able to pull from there.
	registry string
	say      console
}

// Kubeconfig is the file that was given.
func (c *givenCluster) Kubeconfig() string { return c.kubeconfig }

// Up looks whether it answers.
func (c *givenCluster) Up(context.Context) error {
	version, err := serverVersion(c.kubeconfig)
	if err != nil {
		return err
	}
	c.say.step("using the cluster of %s, Kubernetes %s", c.kubeconfig, version)
	return nil
}

// Down leaves it alone.
func (c *givenCluster) Down(context.Context) error {
	c.say.step("the cluster of %s was given, so it is left as it is", c.kubeconfig)
	return nil
}

// Status says whether it answers.
func (c *givenCluster) Status(ctx context.Context, out io.Writer) (bool, error) {
	return printServer(ctx, out, c.kubeconfig)
}

// A registryError says how an image gets to nodes that this program cannot reach.
type registryError struct{ Archive string }

func (e *registryError) Error() string {
	return fmt.Sprintf("the nodes of a given cluster pull images by themselves: give the registry that they pull from, as in `go run ./hack/cluster load-image %s --registry registry.example:5000/team`", e.Archive)
}

// LoadImage pushes the image to the registry, under its own name and version.
func (c *givenCluster) LoadImage(ctx context.Context, archive string) error {
	if c.registry == "" {
		return &registryError{Archive: archive}
	}
	manifest, err := tarball.LoadManifest(pathOpener(archive))
	if err != nil {
		return fmt.Errorf("read the image archive: %w", err)
	}
	if len(manifest) != 1 || len(manifest[0].RepoTags) != 1 {
		return fmt.Errorf("the image archive %s must hold exactly one image with one tag", archive)
	}
	img, err := tarball.ImageFromPath(archive, nil)
	if err != nil {
		return fmt.Errorf("read the image archive: %w", err)
	}
	target, err := registryTag(c.registry, manifest[0].RepoTags[0])
	if err != nil {
		return err
	}
	if err := remote.Write(target, img, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return fmt.Errorf("push %s: %w", target, err)
	}
	c.say.step("pushed %s", target)
	return nil
}

// registryTag is the name of an image in a registry: the last part of its own name, and its version.
func registryTag(registry, tag string) (name.Tag, error) {
	from, err := name.NewTag(tag)
	if err != nil {
		return name.Tag{}, fmt.Errorf("image name %q: %w", tag, err)
	}
	to, err := name.NewTag(registry + "/" + path.Base(from.RepositoryStr()) + ":" + from.TagStr())
	if err != nil {
		return name.Tag{}, fmt.Errorf("--registry %q: %w", registry, err)
	}
	return to, nil
}

// printServer prints one line about an API server and says whether it answers.
func printServer(_ context.Context, out io.Writer, kubeconfig string) (bool, error) {
	version, err := serverVersion(kubeconfig)
	if err != nil {
		fmt.Fprintln(out, err)
		return false, nil
	}
	fmt.Fprintf(out, "the cluster of %s answers, Kubernetes %s\n", kubeconfig, version)
	return true, nil
}

func serverVersion(kubeconfig string) (string, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return "", fmt.Errorf("read the kubeconfig %s: %w", kubeconfig, err)
	}
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return "", fmt.Errorf("make a client for %s: %w", kubeconfig, err)
	}
	version, err := client.ServerVersion()
	if err != nil {
		return "", fmt.Errorf("the cluster of %s does not answer: %w", kubeconfig, err)
	}
	return version.GitVersion, nil
}

func pathOpener(file string) tarball.Opener {
	return func() (io.ReadCloser, error) { return os.Open(file) }
}
