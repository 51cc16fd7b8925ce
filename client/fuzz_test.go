package client

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/r3labs/sse/v2"

	"github.com/sojourn-go/sojourn/protocol"
)

// readEvents returns the frames of each event that came whole.
func readEvents(t *testing.T, r io.Reader) (events []string) {
	t.Helper()
	reader := sse.NewEventStreamReader(&cutMarker{r: r}, 1<<10)
	for {
		event, err := reader.ReadEvent()
		if err != nil || bytes.IndexByte(event, cutMark) >= 0 {
			return events
		}
		events = append(events, string(eventData(event)))
	}
}

// FuzzEventStream: it does not matter into which reads a stream is cut, and what follows its last blank line is no event.
func FuzzEventStream(f *testing.F) {
	for _, stream := range []string{
		"", ":\n\n", "data: h{}\n\ndata: e,a.b|1\n\n", "data: a\r\n\r\ndata: b\r\rdata: c\n\n", "data: a\ndata: b\n\n", "id: 7\nevent: x\ndata:a\n\n",
		"data: r1.aaaaa,1|1", "data: a\n\n\x00data: b\n\n", "data\n\n\n\n\n", "\ufeffdata: a\n\n", "data: \r\n\n\r\n",
	} {
		f.Add([]byte(stream), 5)
	}
	f.Fuzz(func(t *testing.T, stream []byte, cut int) {
		cut = min(max(cut, 0), len(stream))
		whole := readEvents(t, bytes.NewReader(stream))
		parts := readEvents(t, io.MultiReader(bytes.NewReader(stream[:cut]), bytes.NewReader(stream[cut:])))
		if !slices.Equal(whole, parts) {
			t.Errorf("%q is %q, cut at %d it is %q", stream, whole, cut, parts)
		}
		if more := readEvents(t, io.MultiReader(bytes.NewReader(stream), strings.NewReader("x"))); !slices.Equal(whole, more) {
			t.Errorf("%q is %q, with half a line more %q", stream, whole, more)
		}
	})
}

// FuzzDown: whatever an instance says, the client goes on or ends the connection; its place in its stream moves back only
// where it is told of a loss, and what it says next are frames.
func FuzzDown(f *testing.F) {
	for _, text := range []string{
		"r1.aaaaa,1|1\na2,1", "x1.aaaaa,1|{\"code\":\"denied\"}", "a1,1\na2,2\na9,9", "g1", "g9", "e1.aaaaa,a.b|1\ne1.aaaaa,a.b\ne,a.b", "e5.aaaaa,a.b\nr3.bbbbb,1",
		"s1.aaaaa,room/1,3a,4.ttttt\nt3a,5.uuuuu|1\nj3a,6.vvvvv\nn3a,2.wwwww|{}\nl3a,9.xxxxx,expired\nu2.bbbbb,3a", "l,5.uuuuu,expired\nr6.vvvvv,1",
		"q1.aaaaa,ask,a.b|1", "v1|1\ny2|{}", "z4004,1,away", "z4010,9,", "h{\"in\":7,\"at\":9}", "p\nm4000\nk1000", "r1.aaaaa,2*AA==",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		k := newTalk(t)
		k.call("a.a")
		k.subscribing("room/1")
		k.takeWS(true)
		k.call("a.c")
		for _, line := range protocol.Lines(text) {
			before := k.own
			err := k.downErr(string(line))
			if end, ok := errors.AsType[*protocol.Close](err); err != nil && !ok && !errors.Is(err, protocol.ErrMalformed) {
				t.Fatalf("%q: %v, which is neither a Close nor malformed: %v", line, err, end)
			}
			if k.own.Offset < before.Offset && line[0] != byte(protocol.Lost) {
				t.Fatalf("%q: the place went back from %v to %v", line, before, k.own)
			}
			if err != nil {
				break
			}
		}
		for _, line := range protocol.Lines(k.takeWS(true)) {
			if _, err := protocol.ParseFrame(line); err != nil {
				t.Errorf("after %q the client says %q: %v", text, line, err)
			}
		}
	})
}
