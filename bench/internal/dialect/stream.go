package dialect

import (
	"bytes"
	"fmt"
)

// events is the reading side of an event stream in a chunked response.
type events struct {
	chunks
	begun bool   // the head was read
	text  []byte // of the body
	told  int    // bytes of text that were given out
}

func (e *events) reset() { *e = events{text: e.text[:0]} }

// take takes what came.
func (e *events) take(in []byte) (taken int, err error) {
	if !e.begun {
		h, err := readHead(in)
		if err != nil || h.size == 0 {
			return 0, err
		}
		if !h.success || h.body >= 0 {
			return 0, fmt.Errorf("dialect: a stream was answered %q", in)
		}
		e.begun, taken = true, h.size
	}
	e.text = append(e.text[:0], e.text[e.told:]...)
	e.told = 0
	n, text, err := e.chunks.read(in[taken:], e.text)
	e.text = text
	return taken + n, err
}

// data returns the data of the next event, one line; false if there is none yet.
func (e *events) data() ([]byte, bool) {
	for {
		end := bytes.IndexByte(e.text[e.told:], '\n')
		if end < 0 {
			return nil, false
		}
		line := e.text[e.told : e.told+end]
		e.told += end + 1
		if value, ok := bytes.CutPrefix(line, dataField); ok && len(value) > 0 {
			return value, true
		}
	}
}

var dataField = []byte("data: ")

// stream is a plain event stream: what is published, one line each.
type stream struct {
	Setting
	events
}

// Open implements Session.
func (s *stream) Open(out *[]byte) {
	s.reset()
	*out = appendGet(*out, s.Host, "/news?stream=news", nil)
}

// Call implements Session: there is none.
func (s *stream) Call(*[]byte, []byte) {}

// Read implements Session.
func (s *stream) Read(in []byte, _ *[]byte, h Hearer) (int, error) {
	begun := s.begun
	taken, err := s.take(in)
	if s.begun && !begun {
		h.Opened()
	}
	for err == nil {
		data, ok := s.data()
		if !ok {
			break
		}
		h.Came(data)
	}
	return taken, err
}

// sojournStream is Sojourn over an event stream.
type sojournStream struct {
	Setting
	conversation
	events
}

// Open implements Session.
func (s *sojournStream) Open(out *[]byte) {
	s.reset()
	*out = AppendPost(*out, s.Host, "/rt/sse", s.hello())
}

// Call implements Session: messages go up by POSTs, and none is measured.
func (s *sojournStream) Call(*[]byte, []byte) {}

// Read implements Session.
func (s *sojournStream) Read(in []byte, _ *[]byte, h Hearer) (int, error) {
	taken, err := s.take(in)
	for err == nil {
		line, ok := s.data()
		if !ok {
			break
		}
		switch {
		case line[0] != 'h':
			err = s.hear(line, h)
		case len(s.topic) == 0:
			h.Post("/rt/up", s.subscription())
		default:
			h.Opened()
		}
	}
	return taken, err
}
