//go:build !linux

package run

func dropStartupPages() error { return nil }
