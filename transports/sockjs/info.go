package sockjs

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
)

func (s *service) greet(w http.ResponseWriter, r *http.Request) {
	if s.allows(w, r, http.MethodGet, false) {
		s.answer(w, http.StatusOK, plainText, "Welcome to SockJS!\n")
	}
}

// info tells a page what it can use. It measures how long the answer takes.
func (s *service) info(w http.ResponseWriter, r *http.Request) {
	if !s.allows(w, r, http.MethodGet, true) {
		return
	}
	neverCached(w.Header())
	var entropy [4]byte
	_, _ = rand.Read(entropy[:]) // does not fail
	b, _ := json.Marshal(struct {
		WebSocket    bool     `json:"websocket"`
		Origins      []string `json:"origins"`
		CookieNeeded bool     `json:"cookie_needed"`
		Entropy      uint32   `json:"entropy"`
	}{!s.NoWebSocket, []string{"*:*"}, s.JSessionID, binary.BigEndian.Uint32(entropy[:])}) // always can be
	s.answer(w, http.StatusOK, "application/json; charset=UTF-8", string(b))
}

// iframePage is the protocol's to the byte, but for the library's address.
const iframePage = `<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="SOCKJS_URL"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>`

// iframe serves the page by which browsers that cannot ask other origins have one of this origin ask for them.
func (s *service) iframe(w http.ResponseWriter, r *http.Request) {
	if !s.allows(w, r, http.MethodGet, false) {
		return
	}
	page := strings.Replace(iframePage, "SOCKJS_URL", template.HTMLEscapeString(s.SockJSURL), 1)
	sum := sha256.Sum256([]byte(page))
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	longCached(w.Header())
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	s.answer(w, http.StatusOK, html, page)
}
