package dialect

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// quiet hears without remembering.
type quiet struct{}

func (quiet) Opened()             {}
func (quiet) Came([]byte)         {}
func (quiet) Lost()               {}
func (quiet) Post(string, []byte) {}

// A message costs the generator no allocation, neither to write nor to read, in any dialect that is spoken all the time.
func TestMessagesAllocateNothing(t *testing.T) {
	const payload = `{"n":1000000000,"t":1000000000000000,"x":"text"}`
	quoted := strings.ReplaceAll(payload, `"`, `\"`)
	webSocket := func(texts ...string) (in []byte) {
		for _, text := range texts {
			in = append(in, serverFrame(final|opText, text)...)
		}
		return in
	}
	response := func(body string) []byte {
		return []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	}
	chunk := func(body string) []byte {
		return []byte(strconv.FormatInt(int64(len(body)), 16) + "\r\n" + body + "\r\n")
	}
	const streaming = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, c := range map[string]struct {
		follow bool
		first  []byte // that is read before
		then   []byte // that is read again and again
	}{
		"raw":              {false, []byte(handshake), webSocket(payload, payload)},
		"sockjs":           {false, slices.Concat([]byte(handshake), webSocket("o")), webSocket(`a["`+quoted+`","`+quoted+`"]`, "h")},
		"socketio":         {false, slices.Concat([]byte(handshake), webSocket(`0{"sid":"s"}`, `40{"sid":"s"}`)), webSocket(`431[`+payload+`]`, `42["news",`+payload+`]`)},
		"sojourn-once":     {false, slices.Concat([]byte(handshake), webSocket(`h{"id":"s"}`)), webSocket("r7.abcde,7|"+payload+"\nr8.bcdef,8|"+payload, "a8,8")},
		"sojourn-volatile": {false, slices.Concat([]byte(handshake), webSocket(`h{"id":"s"}`)), webSocket("v7|"+payload, "t1,|"+payload)},
		"sse":              {true, []byte(streaming), chunk("data: " + payload + "\n\n")},
		"poll":             {true, response("0\n"), response("2\n" + payload + "\n" + payload + "\n")},
		"sockjs-poll":      {true, response("o\n"), response(`a["` + quoted + `","` + quoted + `"]` + "\n")},
		"sojourn-sse":      {true, slices.Concat([]byte(streaming), chunk("data: s1.abcde,news/all,1,0.\n\n")), chunk("data: t1,7.abcde|" + payload + "\n\n")},
		"sojourn-poll":     {true, response("h{}\ns1.abcde,news/all,1,0.\n"), response("h{}\nt1,7.abcde|" + payload + "\nt1,8.bcdef|" + payload + "\n")},
	} {
		s, err := New(name, Setting{Host: "127.0.0.1", Follow: c.follow})
		if err != nil {
			t.Fatal(err)
		}
		out := make([]byte, 0, 1<<20)
		read(t, s, c.first, len(c.first), quiet{})
		call := []byte(payload)
		if n := testing.AllocsPerRun(1000, func() {
			out = out[:0]
			s.Call(&out, call)
			if taken, err := s.Read(c.then, &out, quiet{}); taken != len(c.then) || err != nil {
				t.Fatalf("%s: %d of %d bytes were taken: %v", name, taken, len(c.then), err)
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations for each call and what is read", name, n)
		}
	}
	if len(Names()) != 10 {
		t.Errorf("there are %v: the test should have each", Names())
	}
}
