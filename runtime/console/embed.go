// Package console holds the agent console: the pages that agents work in, written in TypeScript and
// built into the binary.
//
//	mux.Handle("GET /", http.FileServerFS(console.Assets()))
//
// The console is one page with addresses of its own (/queue/support, /c/ID …): whoever serves it
// answers every address that is no file with index.html. Files under assets/ carry a hash of their
// content in their name and never change. Nothing in the pages is inline, so that a policy of
// "default-src 'self'" serves.
//
// The files are built by `npm run build` in runtime/console and are not committed. A binary that was
// built without them has a page in their place that says how to build them.
package console

import (
	"embed"
	"errors"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// fallback stands where the console was not built in.
//
//go:embed fallback
var fallback embed.FS

// index is the page that the browser begins with.
const index = "index.html"

// Assets is the console's files, index.html among them.
func Assets() fs.FS {
	return orMissing(sub(dist, "dist"))
}

// orMissing is built, or the page that says that nothing was.
func orMissing(built fs.FS) fs.FS {
	if _, err := fs.Stat(built, index); errors.Is(err, fs.ErrNotExist) {
		return sub(fallback, "fallback")
	}
	return built
}

// sub is a folder of embedded files. Sub fails only for a name that is no path; these are constants.
func sub(files embed.FS, folder string) fs.FS {
	inner, err := fs.Sub(files, folder)
	if err != nil {
		panic(err)
	}
	return inner
}
