package framework_test

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// embedded makes files as embedded ones are: without times.
func embedded(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

const half = "export default ({ server }) => ({ hello: () => server.hello('half') })\n"

// chatFiles are a service's own directory.
func chatFiles() map[string]string {
	return map[string]string{
		"client.js":                 half,
		"chat.go":                   "package secret",
		"public/chat.css":           "@import 'parts/a b.css'",
		"public/parts/a b.css":      "body {}",
		"public/ws":                 "no endpoint",
		"public/ready":              "no endpoint",
		"public/.env":               "secret",
		"public/.git/config":        "secret",
		"public/font.woff2":         "0123456789",
		"public/100% of what?.html": "<p>all",
	}
}

func serverOf(t *testing.T, services ...framework.Service) *framework.Server {
	t.Helper()
	rt, err := framework.New(framework.Config{Transports: []transports.Transport{ws.Transport{}}, Services: services})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	return rt
}

// get asks as a page does; headers are "Name: value".
func get(t *testing.T, rt *framework.Server, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Method" {
			r.Method = value
		} else {
			r.Header.Set(name, value)
		}
	}
	w := httptest.NewRecorder()
	rt.ServeHTTP(w, r)
	return w
}

// assets returns the server's assets by name; those of services as "chat/chat.css".
func assets(rt *framework.Server) map[string]framework.Asset {
	all := map[string]framework.Asset{}
	for _, a := range rt.Assets() {
		all[strings.TrimPrefix(a.Service+"/"+a.Name, "/")] = a
	}
	return all
}

func TestAssetsAreWhatIsServed(t *testing.T) {
	files := chatFiles()
	rt := serverOf(t, framework.Service{Name: "chat", Files: embedded(files)}, framework.Service{Name: "todo", Files: embedded(map[string]string{"client.js": half})})
	all := assets(rt)
	kinds := map[string]string{
		"app.js": "text/javascript; charset=utf-8", "chat/chat.css": "text/css; charset=utf-8", "chat/parts/a b.css": "text/css; charset=utf-8",
		"chat/ws": "application/octet-stream", "chat/ready": "application/octet-stream", "chat/font.woff2": "font/woff2",
		"chat/100% of what?.html": "text/html; charset=utf-8",
	}
	for name, kind := range kinds {
		a, ok := all[name]
		if !ok || a.Type != kind {
			t.Errorf("%s: %+v", name, a)
			continue
		}
		for _, mount := range []string{"/rt/", "/", "/a/assets/b/"} {
			w := get(t, rt, mount+a.Path)
			h := w.Header()
			sum := sha512.Sum384(w.Body.Bytes())
			if w.Code != 200 || int64(w.Body.Len()) != a.Size || a.Integrity != "sha384-"+base64.StdEncoding.EncodeToString(sum[:]) {
				t.Errorf("%s%s: %d, %d bytes, %+v", mount, a.Path, w.Code, w.Body.Len(), a)
			}
			if want := files["public/"+strings.TrimPrefix(name, "chat/")]; want != "" && w.Body.String() != want {
				t.Errorf("%s: %q", name, w.Body)
			}
			if h.Get("Content-Type") != kind || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Access-Control-Allow-Origin") != "*" ||
				h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("Set-Cookie") != "" {
				t.Errorf("%s: %v", name, h)
			}
		}
	}
	if len(all) != len(kinds) {
		t.Errorf("assets: %v", all)
	}
}

func TestAssetIsServedInParts(t *testing.T) {
	rt := serverOf(t, framework.Service{Name: "chat", Files: embedded(chatFiles())})
	path := "/rt/" + assets(rt)["chat/font.woff2"].Path
	tag := get(t, rt, path).Header().Get("ETag")
	for name, row := range map[string]struct {
		header string
		code   int
		body   string
	}{
		"again":  {"If-None-Match: " + tag, 304, ""},
		"a part": {"Range: bytes=2-4", 206, "234"},
		"head":   {"Method: HEAD", 200, ""},
		"post":   {"Method: POST", 405, "only to be read\n"},
	} {
		if w := get(t, rt, path, row.header); w.Code != row.code || w.Body.String() != row.body {
			t.Errorf("%s: %d %q", name, w.Code, w.Body)
		}
	}
}

// Files without Seek are served in parts too.
func TestAssetIsServedInPartsWithoutSeek(t *testing.T) {
	rt := serverOf(t, framework.Service{Name: "chat", Files: streamed{embedded(chatFiles())}})
	if w := get(t, rt, "/rt/"+assets(rt)["chat/font.woff2"].Path, "Range: bytes=2-4"); w.Code != 206 || w.Body.String() != "234" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

type streamed struct{ fs.FS }

func (s streamed) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	if _, dir := f.(fs.ReadDirFile); dir || err != nil {
		return f, err
	}
	return struct{ fs.File }{f}, nil
}

func TestNothingElseIsServed(t *testing.T) {
	rt := serverOf(t, framework.Service{Name: "chat", Files: embedded(chatFiles())})
	dir := "/rt/" + strings.TrimSuffix(assets(rt)["chat/chat.css"].Path, "chat.css")
	other := strings.Replace(dir, "chat-", "chat-0000", 1)
	other = other[:len(other)-5] + "/"
	for _, path := range []string{
		dir, dir + "..", dir + "../client.js", dir + "../chat.go", dir + "client.js", dir + "chat.go", dir + ".env", dir + ".git/config", dir + "parts", dir + "parts/",
		dir + "./chat.css", dir + "/chat.css", dir + "chat.css/", dir + "public/chat.css", dir + "app.js",
		other + "chat.css", other + "client.js", other + "app.js", other + "ready", other + "ws",
		strings.Replace(dir, "chat-", "todo-", 1) + "chat.css",
		"/rt/assets/app-0000000000000000.js", "/rt/assets/app-0000000000000000.js.map", "/rt/chat.go", "/rt/chat/client.go", "/rt/public/chat.css",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/rt/", nil)
		r.URL.Path = path
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, r)
		if w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %q", path, w.Code, w.Body)
		}
	}
}

// Instances agree on hashes, and a file's URL changes with all that it may refer to.
func TestAssetHashIsOfTheWholeTree(t *testing.T) {
	path := func(change func(map[string]string)) string {
		files := chatFiles()
		change(files)
		return assets(serverOf(t, framework.Service{Name: "chat", Files: embedded(files)}))["chat/chat.css"].Path
	}
	first := path(func(map[string]string) {})
	if again := path(func(f map[string]string) { f["chat.go"], f["client.js"] = "package other", half+"\n" }); again != first {
		t.Errorf("%s, and then %s", first, again)
	}
	for name, change := range map[string]func(map[string]string){
		"another file changes": func(f map[string]string) { f["public/parts/a b.css"] = "p {}" },
		"one is renamed": func(f map[string]string) {
			f["public/parts/b.css"] = f["public/parts/a b.css"]
			delete(f, "public/parts/a b.css")
		},
		"one is new": func(f map[string]string) { f["public/new"] = "" },
	} {
		if path(change) == first {
			t.Errorf("%s, and the hash is the same", name)
		}
	}
}

func TestAppIsRevalidated(t *testing.T) {
	services := []framework.Service{{Name: "chat", Files: embedded(chatFiles())}, {Name: "todo"}, {Name: "hidden", Private: true}}
	rt, other := serverOf(t, services...), serverOf(t, services...)
	first := get(t, rt, "/rt/app.js")
	h := first.Header()
	if first.Code != 200 || h.Get("Content-Type") != "text/javascript; charset=utf-8" || h.Get("Cache-Control") != "private, no-cache" ||
		h.Get("Access-Control-Allow-Origin") != "*" || !strings.HasPrefix(h.Get("Set-Cookie"), framework.SessionCookie+"=") {
		t.Errorf("%d %v", first.Code, h)
	}
	text := first.Body.String()
	if !strings.Contains(text, "server.hello('half')") || !strings.Contains(text, "todo=null") || strings.Contains(text, "halves.hidden") {
		t.Errorf("app.js: ... %s", text[max(0, len(text)-500):])
	}
	if again := get(t, other, "/rt/app.js", "If-None-Match: "+h.Get("ETag")); again.Code != http.StatusNotModified {
		t.Errorf("asked again, another instance says %d", again.Code)
	}
	for script, mapped := range map[string]string{"app.js": "app.js.map", assets(rt)["app.js"].Path: assets(rt)["app.js"].Path + ".map"} {
		text := get(t, rt, "/rt/"+script).Body.String()
		if !strings.HasSuffix(text, "\n//# sourceMappingURL="+filepath.Base(mapped)+"\n") {
			t.Errorf("%s: the map is %q", script, text[len(text)-80:])
		}
		var index struct {
			Sections []struct{ Map struct{ Sources []string } }
		}
		w := get(t, rt, "/rt/"+mapped)
		if err := json.Unmarshal(w.Body.Bytes(), &index); err != nil || w.Code != 200 || !strings.Contains(w.Body.String(), `"chat/client.js"`) {
			t.Errorf("%s: %d %v", mapped, w.Code, err)
		}
	}
}

type unreadable struct {
	fs.FS
	name string
}

func (u unreadable) Open(name string) (fs.File, error) {
	if name == u.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return u.FS.Open(name)
}

func TestNewSaysWhatIsWrongWithFiles(t *testing.T) {
	with := func(name, text string) fs.FS {
		files := chatFiles()
		files[name] = text
		return embedded(files)
	}
	link := embedded(chatFiles())
	link["public/link"] = &fstest.MapFile{Data: []byte("chat.css"), Mode: fs.ModeSymlink}
	for name, row := range map[string]struct {
		service string
		files   fs.FS
		want    string
	}{
		"no JavaScript":    {"chat", with("client.js", "export default () => ({\n\ta: 1\n\tb: 2\n})\n"), "client.js: line 3, column 2: unexpected b"},
		"no directory":     {"chat", os.DirFS("/nowhere/at/all"), `service "chat": Files: neither client.js nor public/ is in it`},
		"another one":      {"chat", embedded(map[string]string{"chat/client.js": half}), "it is to be the service's own directory (fs.Sub)"},
		"half":             {"chat", with("client.js", "const half = 1"), `service "chat": client.js: 0 default exports, not one`},
		"half too large":   {"chat", with("client.js", half+strings.Repeat("\n", 256<<10)), "bytes, more than 262144"},
		"half of rt":       {"rt", with("client.js", half), `service "rt": client.js: app.rt is the client`},
		"half not read":    {"chat", unreadable{embedded(chatFiles()), "client.js"}, "open client.js: permission denied"},
		"file not read":    {"chat", unreadable{embedded(chatFiles()), "public/ws"}, `open public/ws: permission denied`},
		"public is a file": {"chat", embedded(map[string]string{"client.js": half, "public": ""}), "public is no directory"},
		"control in name":  {"chat", with("public/a\nb", ""), `"public/a\nb" cannot be in a URL`},
		"backslash":        {"chat", with(`public/a\b`, ""), "cannot be in a URL"},
		"link":             {"chat", link, `"public/link" is no regular file`},
	} {
		t.Run(name, func(t *testing.T) {
			rt, err := framework.New(framework.Config{Services: []framework.Service{{Name: row.service, Files: row.files}}})
			if err == nil {
				rt.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), row.want) {
				t.Errorf("the error is %q, which lacks %q", err, row.want)
			}
		})
	}
}

// What is wrong with one service does not hide what is wrong with another.
func TestNewSaysAllThatIsWrongWithFiles(t *testing.T) {
	bad := embedded(map[string]string{"client.js": ""})
	_, err := framework.New(framework.Config{TTL: -1, Services: []framework.Service{{Name: "a", Files: bad}, {Name: "b", Files: bad}}})
	for _, want := range []string{`"a"`, `"b"`, "TTL"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, which lacks %s", err, want)
		}
	}
}

func TestFilesChangeWithoutARestart(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range chatFiles() {
		write(name, text)
	}
	var log bytes.Buffer
	rt, err := framework.New(framework.Config{
		Transports: []transports.Transport{ws.Transport{}}, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Services: []framework.Service{{Name: "chat", Files: os.DirFS(dir)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	first := assets(rt)

	write("public/chat.css", "body { color: red }")
	css := assets(rt)["chat/chat.css"]
	if w := get(t, rt, "/rt/"+css.Path); w.Body.String() != "body { color: red }" || w.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	if w := get(t, rt, "/rt/"+first["chat/chat.css"].Path); w.Code != http.StatusNotFound {
		t.Errorf("the old one: %d %q", w.Code, w.Body)
	}
	write("client.js", half+"// changed\n")
	if w := get(t, rt, "/rt/app.js"); !strings.Contains(w.Body.String(), "// changed") || assets(rt)["app.js"].Integrity == first["app.js"].Integrity {
		t.Error("the half did not change")
	}

	right := get(t, rt, "/rt/app.js").Body.String()
	end := strings.Index(right, "//# sourceMappingURL=")
	said := `console.error("framework: service \"chat\": client.js: 2 default exports, not one`
	write("client.js", "export default 'half\n"+half)
	for range 3 {
		w := get(t, rt, "/rt/app.js")
		if text := w.Body.String(); w.Code != 200 || !strings.HasPrefix(text, right[:end]+said) || !strings.HasSuffix(text, "\n"+right[end:]) {
			t.Errorf("%d ... %q", w.Code, text[max(0, len(text)-500):])
		}
	}
	if n := strings.Count(log.String(), "2 default exports"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, &log)
	}
	if w := get(t, rt, "/rt/"+css.Path); w.Code != 200 {
		t.Errorf("what was right is gone: %d", w.Code)
	}
	if !maps.Equal(assets(rt), assets(rt)) || assets(rt)["chat/chat.css"] != css {
		t.Error("the assets are not those that were right last")
	}
	write("client.js", half)
	if w := get(t, rt, "/rt/app.js"); w.Body.String() != get(t, rt, "/rt/app.js").Body.String() || strings.Contains(w.Body.String(), "console.error(\"framework") {
		t.Error("it does not go on")
	}
	if err := os.Remove(filepath.Join(dir, "client.js")); err != nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(get(t, rt, "/rt/app.js").Result().Body); !bytes.Contains(text, []byte("chat=null")) {
		t.Error("the half is still there")
	}
}
