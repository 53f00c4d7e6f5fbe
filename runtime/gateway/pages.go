package gateway

import (
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// pages serves what people's browsers load: the console at every address that is nothing else, the
// widget's files, and a hosted page for each channel.
func (g *Gateway) pages(mux *http.ServeMux) {
	mux.HandleFunc("GET /w/{channel}", func(w http.ResponseWriter, r *http.Request) {
		// The hosted page may stand in a frame of another site: sites whose own rules forbid the
		// widget's script use it so.
		w.Header().Set("Content-Security-Policy", policy+"; frame-ancestors *")
		serveFile(w, r, g.o.Widget, "hosted.html", "The customer page is not built into this binary; run make build.")
	})
	mux.HandleFunc("GET /widget/{file...}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*") // pages of other sites import its modules
		serveFile(w, r, g.o.Widget, r.PathValue("file"), "The widget is not built into this binary; run make build.")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Pages are read with GET.", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Security-Policy", policy+"; frame-ancestors 'none'")
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if name == "" || strings.HasPrefix(name, ".") || g.o.Console == nil || !isFile(g.o.Console, name) {
			if strings.HasPrefix(name, "assets/") {
				http.NotFound(w, r) // of another release: the console offers to load the page again
				return
			}
			name = "index.html"
		}
		serveFile(w, r, g.o.Console, name, "The console is not built into this binary; run make build.")
	})
}

// policy is the content security policy of the desk's own pages: nothing from elsewhere, no script or
// style in the page itself.
const policy = "default-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; form-action 'self'"

func isFile(files fs.FS, name string) bool {
	info, err := fs.Stat(files, name)
	return err == nil && !info.IsDir()
}

func serveFile(w http.ResponseWriter, r *http.Request, files fs.FS, name, missing string) {
	if files == nil || !fs.ValidPath(name) || !isFile(files, name) {
		status := http.StatusNotFound
		if strings.HasSuffix(name, ".html") {
			status = http.StatusServiceUnavailable
		}
		http.Error(w, missing, status)
		return
	}
	// Names with a hash of the content never change; all others are asked for again.
	cache := "no-cache"
	if strings.HasPrefix(name, "assets/") {
		cache = "public, max-age=31536000, immutable"
	}
	w.Header().Set("Cache-Control", cache)
	http.ServeFileFS(w, r, files, name)
}
