//go:build !unix

package archive

func isNoSpace(error) bool { return false }
