package dialect

import (
	"fmt"
	"slices"
	"testing"
)

// However chunks cut events, and TCP chunks, the same events come. Other fields, comments and empty data are passed over.
func TestStreamReadsWhateverTheCuts(t *testing.T) {
	in := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"c\r\n: a comment\n\r\n8\r\ndata: 1\n\r\n1\r\n\n\r\n14\r\nid: 7\ndata: two\n\ndat\r\n10\r\na: three\n\ndata:\n\r\n")
	for _, parts := range []int{1, 2, 3, 50, len(in)} {
		var h heard
		read(t, &stream{}, in, parts, &h)
		if want := []string{"1", "two", "three"}; !h.opened || !slices.Equal(h.came, want) {
			t.Errorf("in parts of %d bytes: opened %v, %q came, want %q", parts, h.opened, h.came, want)
		}
	}
}

func TestStreamEnds(t *testing.T) {
	var out []byte
	in := []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
	if _, err := (&stream{}).Read(in, &out, &heard{}); err == nil {
		t.Error("the end of a stream is no error")
	}
}

// Each answer to a poll is followed by the next poll, and brings what is in it; that to one that came too early brings nothing.
func TestSockJSPolls(t *testing.T) {
	s := newSockJSPoll(Setting{Host: "there", Follow: true})
	var poll []byte
	s.Open(&poll)
	for _, c := range []struct {
		body   string
		opened bool
		came   []string
	}{
		{"o", true, nil}, {`a["one","two"]`, false, []string{"one", "two"}}, {`c[2010,"Another connection still open"]`, false, nil}, {"h", false, nil},
	} {
		var h heard
		out := read(t, s, fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s\n", len(c.body)+1, c.body), 7, &h)
		if h.opened != c.opened || !slices.Equal(h.came, c.came) || string(out) != string(poll) {
			t.Errorf("%s: opened %v, %q came, it said %q", c.body, h.opened, h.came, out)
		}
	}
}

func TestResponse(t *testing.T) {
	for _, whole := range []string{
		"HTTP/1.1 200 OK\r\ncontent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
	} {
		for n := range whole {
			if _, taken, err := Response([]byte(whole[:n])); taken != 0 || err != nil {
				t.Errorf("of %q %d bytes were taken: %v", whole[:n], taken, err)
			}
		}
		body, taken, err := Response([]byte(whole + "HTTP/1.1 ..."))
		if string(body) != "hello" || taken != len(whole) || err != nil {
			t.Errorf("of %q: %q, %d bytes, %v", whole, body, taken, err)
		}
	}
	if _, _, err := Response([]byte("HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n")); err != nil {
		t.Error(err)
	}
	for _, in := range []string{
		"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\n", "HTTP/1.1 200 OK\r\n\r\n",
	} {
		if _, _, err := Response([]byte(in)); err == nil {
			t.Errorf("%q is no error", in)
		}
	}
}
