package sockjs_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// receiving says how a way of receiving is asked for, and how its frames are read.
type receiving struct {
	method, path, prelude string
	// frame reads the next frame.
	frame func(*bufio.Reader) (string, error)
}

var receivings = map[string]receiving{
	"xhr":           {"POST", "/xhr", "", lineFrame},
	"xhr_streaming": {"POST", "/xhr_streaming", strings.Repeat("h", 2048) + "\n", lineFrame},
	"eventsource":   {"GET", "/eventsource", "\r\n", eventFrame},
	"htmlfile":      {"GET", "/htmlfile?c=callback", htmlHead + strings.Repeat(" ", 1024-len(htmlHead)) + "\r\n\r\n", htmlFrame},
	"jsonp":         {"GET", "/jsonp?c=callback", "", jsonpFrame},
}

// htmlHead is the protocol's.
const htmlHead = `<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.callback;
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>`

func lineFrame(r *bufio.Reader) (string, error) { return between(r, "", "\n") }

func eventFrame(r *bufio.Reader) (string, error) {
	frame, err := between(r, "data: ", "\r\n\r\n")
	if err != nil {
		return "", err
	}
	return url.PathUnescape(frame)
}

func htmlFrame(r *bufio.Reader) (string, error) {
	return quotedFrame(r, "<script>\np(", ");\n</script>\r\n")
}

func jsonpFrame(r *bufio.Reader) (string, error) { return quotedFrame(r, "/**/callback(", ");\r\n") }

func quotedFrame(r *bufio.Reader, before, after string) (frame string, err error) {
	quoted, err := between(r, before, after)
	if err == nil {
		err = json.Unmarshal([]byte(quoted), &frame)
	}
	return frame, err
}

func between(r *bufio.Reader, before, after string) (string, error) {
	var all []byte
	for !bytes.HasSuffix(all, []byte(after)) {
		some, err := r.ReadBytes(after[len(after)-1])
		all = append(all, some...)
		if err != nil {
			if err == io.EOF && len(all) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return "", err
		}
	}
	text, ok := strings.CutPrefix(string(all[:len(all)-len(after)]), before)
	if !ok {
		return "", fmt.Errorf("%q does not begin with %q", all, before)
	}
	return text, nil
}

// begin reads what stands before the frames.
func (v receiving) begin(r *bufio.Reader) error {
	prelude := make([]byte, len(v.prelude))
	if _, err := io.ReadFull(r, prelude); err != nil || string(prelude) != v.prelude {
		return fmt.Errorf("it begins with %q, %v", prelude, err)
	}
	return nil
}

// received is a response that brings frames.
type received struct {
	*http.Response
	v       receiving
	r       *bufio.Reader
	started bool
}

func newReceived(response *http.Response, v receiving) *received {
	return &received{Response: response, v: v, r: bufio.NewReader(response.Body)}
}

func (s *received) next() (string, error) {
	if !s.started {
		s.started = true
		if err := s.v.begin(s.r); err != nil {
			return "", err
		}
	}
	return s.v.frame(s.r)
}

// messagesIn returns the messages of a frame.
func messagesIn(frame string) (ms []string, err error) {
	text, ok := strings.CutPrefix(frame, "a")
	if !ok {
		return nil, fmt.Errorf("the frame is %.80q", frame)
	}
	err = json.Unmarshal([]byte(text), &ms)
	return ms, err
}

// bodyOf is what a client posts. What is not UTF-8 stays as it is.
func bodyOf(texts ...string) string {
	var all []string
	for _, t := range texts {
		all = append(all, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(t)+`"`)
	}
	return "[" + strings.Join(all, ",") + "]"
}
