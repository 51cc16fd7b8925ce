package dialect

import (
	"bytes"
	"fmt"
)

// poll is long-polling by hand: GET /poll?after=n is answered when there is something after n, with a line that says how far this goes and a
// line for each thing. Without n it is answered at once.
type poll struct {
	Setting
	after []byte
}

// Open implements Session.
func (p *poll) Open(out *[]byte) {
	*out = appendGet(*out, p.Host, "/poll?after=", p.after)
}

// Call implements Session: there is none.
func (p *poll) Call(*[]byte, []byte) {}

// Read implements Session.
func (p *poll) Read(in []byte, out *[]byte, h Hearer) (int, error) {
	body, taken, err := Response(in)
	if err != nil || taken == 0 {
		return taken, err
	}
	first := len(p.after) == 0
	after, rest, ok := bytes.Cut(body, []byte{'\n'})
	if !ok {
		return taken, fmt.Errorf("dialect: a poll was answered %q", body)
	}
	p.after = append(p.after[:0], after...)
	p.Open(out)
	if first {
		h.Opened()
	}
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte{'\n'})
		h.Came(line)
	}
	return taken, nil
}

// sojournPoll is Sojourn over long-polling.
type sojournPoll struct {
	Setting
	conversation
	asked bool // for the subscription
}

// Open implements Session.
func (p *sojournPoll) Open(out *[]byte) {
	*out = AppendPost(*out, p.Host, "/rt/lp", p.hello())
}

// Call implements Session: messages go up by POSTs, and none is measured.
func (p *sojournPoll) Call(*[]byte, []byte) {}

// Read implements Session.
func (p *sojournPoll) Read(in []byte, out *[]byte, h Hearer) (int, error) {
	body, taken, err := Response(in)
	if err != nil || taken == 0 {
		return taken, err
	}
	for len(body) > 0 {
		var line []byte
		line, body, _ = bytes.Cut(body, []byte{'\n'})
		if len(line) == 0 || line[0] == 'h' {
			continue
		}
		if err := p.hear(line, h); err != nil {
			return taken, err
		}
	}
	if !p.asked {
		p.asked = true
		h.Post("/rt/up", p.subscription())
	}
	p.Open(out)
	return taken, nil
}
