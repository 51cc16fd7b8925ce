package sockjs

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// way is how a session is received: what is asked for, and how frames look in the response.
type way struct {
	method      string
	contentType string
	once        bool // one frame, and the response ends
	foreign     bool // pages of other origins may ask, and read
	prelude     func(callback string) []byte
	frame       func(b, frame []byte, callback string) []byte
	callback    func(name string) bool // tells whether it is one; nil: none is asked for
}

var ways = map[string]way{
	"xhr":           {method: http.MethodPost, contentType: javaScript, once: true, foreign: true, frame: line},
	"xhr_streaming": {method: http.MethodPost, contentType: javaScript, foreign: true, prelude: filler, frame: line},
	"eventsource":   {method: http.MethodGet, contentType: "text/event-stream", foreign: true, prelude: emptyLine, frame: event},
	"htmlfile":      {method: http.MethodGet, contentType: html, prelude: page, frame: scriptCall, callback: isCallback},
	"jsonp":         {method: http.MethodGet, contentType: javaScript, once: true, frame: call, callback: isShortCallback},
}

// line ends a frame as those who read a response's text want it.
func line(b, frame []byte, _ string) []byte { return append(append(b, frame...), '\n') }

// filler is what browsers want before they show a response's beginning.
func filler(string) []byte { return append(bytes.Repeat([]byte{'h'}, 2048), '\n') }

func emptyLine(string) []byte { return []byte("\r\n") }

// eventData has what clients read by decodeURI, and what would end a line.
var eventData = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", "\x00", "%00")

func event(b, frame []byte, _ string) []byte {
	return append(append(append(b, "data: "...), eventData.Replace(string(frame))...), "\r\n\r\n"...)
}

func call(b, frame []byte, callback string) []byte {
	b = append(append(b, "/**/"...), callback...)
	return append(appendQuoted(append(b, '('), string(frame)), ");\r\n"...)
}

// htmlPage is the protocol's to the byte.
const htmlPage = `<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.%s;
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>`

// page is filled up for browsers that show nothing of less than a kilobyte.
func page(callback string) []byte {
	b := fmt.Appendf(nil, htmlPage, callback)
	return append(append(b, bytes.Repeat([]byte{' '}, max(0, 1024-len(b)))...), "\r\n\r\n"...)
}

// scriptCall has no < in its string, so that none of the program's ends the script.
func scriptCall(b, frame []byte, _ string) []byte {
	quoted := bytes.ReplaceAll(appendQuoted(nil, string(frame)), []byte{'<'}, []byte(`\u003c`))
	return append(append(append(b, "<script>\np("...), quoted...), ");\n</script>\r\n"...)
}

var callbackName = regexp.MustCompile(`^[a-zA-Z0-9\-_.]+$`)

func isCallback(name string) bool { return callbackName.MatchString(name) }

// isShortCallback keeps a script's first bytes from being anything else.
func isShortCallback(name string) bool { return len(name) <= 32 && isCallback(name) }

var (
	errNoCallback      = errors.New(`"callback" parameter required`)
	errInvalidCallback = errors.New(`invalid "callback" parameter`)
)

// callbackOf returns the callback that a request names, if its way asks for one.
func (v way) callbackOf(r *http.Request) (string, error) {
	if v.callback == nil {
		return "", nil
	}
	query := r.URL.Query()
	name := query.Get("c")
	if name == "" {
		name = query.Get("callback")
	}
	switch {
	case name == "":
		return "", errNoCallback
	case !v.callback(name):
		return "", errInvalidCallback
	}
	return name, nil
}
