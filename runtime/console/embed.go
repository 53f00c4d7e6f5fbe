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
	"testing/fstest"
)

//go:embed all:dist
var dist embed.FS

// index is the page that the browser begins with.
const index = "index.html"

// missing stands where the console was not built in.
const missing = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>The console is not built in</title>
</head>
<body>
<main>
<h1>The console is not built into this binary</h1>
<p>Queues, channels and the API work all the same. To have the console, build it and then the binary:</p>
<pre>cd runtime
npm ci
npm run build --workspace console
cd ..
go build .</pre>
</main>
</body>
</html>
`

// Assets is the console's files, index.html among them.
func Assets() fs.FS {
	built, err := fs.Sub(dist, "dist")
	if err != nil {
		// Sub fails only for a name that is no path, and this one is a constant.
		panic(err)
	}
	return orMissing(built)
}

// orMissing is built, or the page that says that nothing was.
func orMissing(built fs.FS) fs.FS {
	if _, err := fs.Stat(built, index); errors.Is(err, fs.ErrNotExist) {
		return fstest.MapFS{index: {Data: []byte(missing), Mode: 0o444}}
	}
	return built
}
