package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// assets prints a directory that holds etcd, kube-apiserver, kubectl and kube-controller-manager, for KUBEBUILDER_ASSETS.
func (a *app) assets(ctx context.Context) error {
	programs := assetPrograms()
	paths, err := a.build.ensure(ctx, programs)
	if err != nil {
		return err
	}
	// The directory's name holds the versions, through the folders that the links point to.
	dir := filepath.Join(a.opts.cache, "assets", filepath.Base(filepath.Dir(paths["kube-apiserver"]))+"-"+filepath.Base(filepath.Dir(paths["etcd"])))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the assets directory: %w", err)
	}
	for name, target := range paths {
		link := filepath.Join(dir, name)
		if have, err := os.Readlink(link); err == nil && have == target {
			continue
		}
		if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("renew an asset: %w", err)
		}
		if err := os.Symlink(target, link); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("link an asset: %w", err)
		}
	}
	fmt.Fprintln(a.out, dir)
	return nil
}
