package dialect

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// sockjsPoll is SockJS over XHR polling: each POST is answered with one frame, as a line, when there is one.
type sockjsPoll struct {
	sockjs
	to string // the session's path
}

func newSockJSPoll(s Setting) *sockjsPoll {
	return &sockjsPoll{sockjs: sockjs{Setting: s}, to: fmt.Sprintf("%s/000/%016x/xhr", raw{s}.path(), rand.Uint64())}
}

// Open implements Session.
func (p *sockjsPoll) Open(out *[]byte) { *out = AppendPost(*out, p.Host, p.to, nil) }

// Call implements Session: messages go up by POSTs, and none is measured.
func (p *sockjsPoll) Call(*[]byte, []byte) {}

// Read implements Session.
func (p *sockjsPoll) Read(in []byte, out *[]byte, h Hearer) (int, error) {
	body, taken, err := Response(in)
	if err != nil || taken == 0 {
		return taken, err
	}
	p.Open(out)
	if bytes.HasPrefix(body, stillOpen) {
		return taken, nil
	}
	return taken, p.hear(bytes.TrimSuffix(body, []byte{'\n'}), nil, nil, h)
}

// stillOpen is said where the next poll comes before sockjs-go is done with the last, whose answer it has written: it can be asked again.
var stillOpen = []byte("c[2010,")
