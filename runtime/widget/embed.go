// Package widget holds the customer's side of a desk: the script that a web page includes, the app
// that it loads, and the desk's own page for a channel.
//
//	mux.Handle("/widget/", http.StripPrefix("/widget/", http.FileServerFS(widget.Assets())))
//	mux.HandleFunc("/w/{channel}", func(w http.ResponseWriter, r *http.Request) {
//		w.Write(widget.HostedPage())
//	})
//
// The files are built by npm run build in runtime/widget. Without them the program builds all the
// same: HostedPage then says how to build them, and Built tells that they are missing. The files under
// assets/ have a hash of their content in their names, never change and may be cached for ever; loader.js
// and hosted.html change with each build.
package widget

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// notBuilt is the page of a program that was built without the widget.
const notBuilt = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Chat</title>
<h1>The chat is not part of this build</h1>
<p>Run <code>npm ci &amp;&amp; npm run build</code> in <code>runtime/</code>, then build the program again.</p>
</html>
`

// Assets are the files to be served under /widget/: loader.js, hosted.css, and under assets/ the app, the
// targeting rules, the emoji and the words of other languages.
func Assets() fs.FS {
	assets, err := fs.Sub(dist, "dist")
	if err != nil {
		// The folder is part of the program; only a malformed name could fail.
		panic(err)
	}
	return assets
}

// Built tells whether the widget is part of this program.
func Built() bool {
	_, err := fs.Stat(dist, "dist/loader.js")
	return err == nil
}

// HostedPage is the desk's own page for any channel, /w/{channel}: the app reads the channel's name
// from the address.
func HostedPage() []byte {
	page, err := dist.ReadFile("dist/hosted.html")
	if err != nil {
		return []byte(notBuilt)
	}
	return page
}
