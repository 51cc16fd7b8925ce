package session

import (
	"bytes"
	"net/http"
	"slices"
	"time"
)

// Module serves a client's half as a module: script declares sojourn_NAME, which the module exports as NAME.
func Module(script []byte, name string) http.Handler {
	module := slices.Concat(bytes.TrimSpace(script), []byte("\nexport{sojourn_"+name+" as "+name+"}\n"))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(module))
	})
}
