package framework

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// asset finds an asset's path in that of a request, wherever the mount is: its first part of this form. Where it begins with nothing that is known
// it is an asset of another build, and not an endpoint.
var asset = regexp.MustCompile(`(?s)/assets/(?:(app-[0-9a-f]{16}\.js)(\.map)?$|([A-Za-z][A-Za-z0-9_]*)-([0-9a-f]{16})/(.+)$)`)

// serveFile answers requests for scripts, maps and assets, and tells whether this was one.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) bool {
	if m := asset.FindStringSubmatch(r.URL.Path); m != nil {
		s.serveAsset(w, r, m)
		return true
	}
	switch path.Base(r.URL.Path) {
	case "client.js":
		s.serveScript(w, r, string(s.script), s.scriptTag)
	case "app.js":
		now, err := s.editions.now()
		if err == nil {
			s.serveScript(w, r, now.app().script, now.app().tag)
		} else {
			s.serveScript(w, r, complaining(now.app().script, err), "")
		}
	case "app.js.map":
		now, _ := s.editions.now()
		serve(w, r, mapType, "no-cache", "", strings.NewReader(now.app().sourceMap))
	default:
		return false
	}
	return true
}

// complaining returns a script that says why there is no newer one where who made the mistake looks, in the page's console. The page is not left without a script:
// it would not find out when the mistake is mended, and reload.
func complaining(script string, why error) string {
	text, _ := json.Marshal(why.Error() + " (until that is right the page has what was right before)")
	end := strings.LastIndex(script, "//# sourceMappingURL=") // in front of it all lines stay where they are
	return script[:end] + "console.error(" + string(text) + ")\n" + script[end:]
}

// serveScript serves a script whose URL stays, which may set the session's cookie.
func (s *Server) serveScript(w http.ResponseWriter, r *http.Request, text, tag string) {
	s.Session(w, r)
	serve(w, r, scriptType, "private, no-cache", tag, strings.NewReader(text))
}

func (s *Server) serveAsset(w http.ResponseWriter, r *http.Request, m []string) {
	appName, ofMap, service, hash, name := m[1], m[2], m[3], m[4], m[5]
	now, _ := s.editions.now()
	cache := "public, max-age=31536000, immutable"
	if s.editions.live { // the bytes may change between the hash and the answer
		cache = "no-cache"
	}
	if app := now.app(); appName == app.name {
		tag := `"` + app.integrity + `"`
		if ofMap != "" {
			serve(w, r, mapType, cache, tag, strings.NewReader(app.sourceMap))
		} else {
			serve(w, r, scriptType, cache, tag, strings.NewReader(app.asset))
		}
		return
	}
	t := slices.IndexFunc(now.trees, func(t tree) bool { return t.service == service && t.hash == hash })
	if t < 0 {
		http.NotFound(w, r)
		return
	}
	list := now.trees[t].list
	f := slices.IndexFunc(list, func(f publicFile) bool { return f.name == name })
	if f < 0 {
		http.NotFound(w, r)
		return
	}
	content, err := now.trees[t].open(name)
	if err != nil {
		s.log.Error("a public file cannot be read", "service", service, "file", name, "error", err)
		http.Error(w, "the file cannot be read", http.StatusInternalServerError)
		return
	}
	defer content.Close()
	serve(w, r, typeOf(name), cache, `"`+list[f].integrity+`"`, content)
}

// open opens a public file. What its file system cannot seek in is read.
func (t tree) open(name string) (io.ReadSeekCloser, error) {
	f, err := t.files.Open("public/" + name)
	if err != nil {
		return nil, err
	}
	if seeker, ok := f.(io.ReadSeekCloser); ok {
		return seeker, nil
	}
	defer f.Close()
	all, err := io.ReadAll(f)
	return unseekable{bytes.NewReader(all)}, err
}

type unseekable struct{ *bytes.Reader }

func (unseekable) Close() error { return nil }

// serve answers with what is the same for all, and may be loaded by every page; whether that page may connect is another question.
func serve(w http.ResponseWriter, r *http.Request, kind, cache, tag string, content io.ReadSeeker) {
	h := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "only to be read", http.StatusMethodNotAllowed)
		return
	}
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", cache)
	h.Set("Access-Control-Allow-Origin", "*")
	if tag != "" {
		h.Set("ETag", tag)
	}
	http.ServeContent(w, r, "", time.Time{}, content)
}

const (
	scriptType = "text/javascript; charset=utf-8"
	mapType    = "application/json"
)

// types are what does not depend on the tables of the system, which differ from one instance to the next.
var types = map[string]string{
	".js": scriptType, ".mjs": scriptType, ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8",
	".txt": "text/plain; charset=utf-8", ".json": "application/json", ".map": "application/json", ".webmanifest": "application/manifest+json",
	".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
	".avif": "image/avif", ".ico": "image/x-icon", ".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf", ".otf": "font/otf",
	".wasm": "application/wasm", ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".mp4": "video/mp4", ".webm": "video/webm", ".pdf": "application/pdf",
}

// typeOf returns the media type of a file by its name.
func typeOf(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if kind, ok := types[ext]; ok {
		return kind
	}
	if kind := mime.TypeByExtension(ext); kind != "" {
		return kind
	}
	return "application/octet-stream"
}
