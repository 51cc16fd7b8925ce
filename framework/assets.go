package framework

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"net/url"

	"github.com/sojourn-go/sojourn/client/js"
)

// Asset is a file that a server serves for pages, for good: its URL has a hash, and names these bytes or nothing.
type Asset struct {
	// Service is whose public file it is; "" for app.js.
	Service string
	// Name is the file's path in the service's public/: "chat.css"; "app.js".
	Name string
	// Path is its URL, relative to the mount: "assets/chat-0f1e2d3c4b5a6978/chat.css". It is escaped.
	Path string
	// Type is its media type: "text/css; charset=utf-8".
	Type string
	// Size is in bytes.
	Size int64
	// Integrity is for the attribute of this name: "sha384-...".
	Integrity string
}

// Assets returns what the server has for pages: app.js first, then the services' public files, by name. A page's template makes its links of them.
// While files can change (see Service.Files) each call tells how they are now. An instance of another build does not know these URLs, if files differ; app.js
// at the mount is there in each.
func (s *Server) Assets() []Asset {
	now, _ := s.editions.now() // what is wrong now is logged, and the last edition that was right goes on
	a := now.app()
	all := []Asset{{Name: "app.js", Path: "assets/" + a.name, Type: scriptType, Size: int64(len(a.asset)), Integrity: a.integrity}}
	for _, t := range now.trees {
		for _, f := range t.list {
			at := url.URL{Path: "assets/" + t.service + "-" + t.hash + "/" + f.name}
			all = append(all, Asset{t.service, f.name, at.EscapedPath(), typeOf(f.name), f.size, f.integrity})
		}
	}
	return all
}

// app is app.js in its two places, and its map.
type app struct {
	script, tag string // at the mount
	name        string // below assets
	asset       string
	integrity   string
	sourceMap   string
}

func newApp(joined *js.App) app {
	script := joined.Module(".", "app.js.map")
	sum := sha256.Sum256(script)
	a := app{script: string(script), tag: fmt.Sprintf(`"%x"`, sum), name: "app-" + hex.EncodeToString(sum[:8]) + ".js"}
	asset := joined.Module("..", a.name+".map")
	digest := sha512.Sum384(asset)
	a.asset, a.integrity, a.sourceMap = string(asset), integrity(digest[:]), string(joined.Map())
	return a
}
