package dialect

import (
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

func TestResponse(t *testing.T) {
	const whole = "HTTP/1.1 200 OK\r\ncontent-Length: 5\r\n\r\nhello"
	for n := range whole {
		if _, taken, err := Response([]byte(whole[:n])); taken != 0 || err != nil {
			t.Errorf("of %q %d bytes were taken: %v", whole[:n], taken, err)
		}
	}
	body, taken, err := Response([]byte(whole + "HTTP/1.1 ..."))
	if string(body) != "hello" || taken != len(whole) || err != nil {
		t.Errorf("%q, %d bytes, %v", body, taken, err)
	}
	if _, _, err := Response([]byte("HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n")); err != nil {
		t.Error(err)
	}
	for _, in := range []string{"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"} {
		if _, _, err := Response([]byte(in)); err == nil {
			t.Errorf("%q is no error", in)
		}
	}
}
