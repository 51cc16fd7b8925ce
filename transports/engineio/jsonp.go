package engineio

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// index returns the number of the function that a page's script is to call with the answer; ok: the request is such a script, which is how pages polled before there was CORS.
func index(r *http.Request) (digits string, ok bool) {
	q := r.URL.Query()
	keep := func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}
	return strings.Map(keep, q.Get("j")), q.Has("j")
}

// say answers a request with packets.
func (e *engine) say(w http.ResponseWriter, r *http.Request, packets []byte) error {
	digits, script := index(r)
	if !script {
		return e.answer(w, http.StatusOK, "text/plain; charset=UTF-8", packets)
	}
	text, _ := json.Marshal(string(packets)) // a string always can be; what ends a line of a script is escaped
	w.Header().Set("X-Content-Type-Options", "nosniff")
	return e.answer(w, http.StatusOK, "text/javascript; charset=UTF-8", []byte("___eio["+digits+"]("+string(text)+");"))
}

// unslash makes of a form's lines what they were: a browser makes line breaks of its own.
var unslash = strings.NewReplacer(`\\n`, `\n`, `\n`, "\n")

// said returns the packets that a body has.
func said(r *http.Request, body []byte) []byte {
	if _, form := index(r); !form {
		return body
	}
	fields, _ := url.ParseQuery(string(body)) // what is not one is no packet
	return []byte(unslash.Replace(fields.Get("d")))
}
