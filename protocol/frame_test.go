package protocol

import "testing"

// What the protocol adds to a payload is small, also for a conversation of thousands of messages.
func TestOverhead(t *testing.T) {
	const tag = "ab3f9"
	for _, n := range []uint64{1, 57, 9999} {
		number := string(AppendNumber(nil, n))
		cursor := Cursor{Offset: n, Tag: tag}.String()
		for _, test := range []struct {
			what  string
			frame Frame
			max   int
		}{
			{"a call", Frame{Kind: Call, Header: []byte(number + ",chat.enter"), Payload: JSONPayload(nil)}, 24},
			{"an answer", Frame{Kind: Answer, Header: []byte(cursor + "," + number), Payload: JSONPayload(nil)}, 24},
			{"an acknowledgement up", Frame{Kind: Ack, Header: []byte(cursor)}, 16},
			{"an acknowledgement down", Frame{Kind: Committed, Header: []byte(number + "," + number)}, 16},
		} {
			if line := test.frame.Append(nil); len(line) > test.max {
				t.Errorf("%s %q takes %d bytes, more than %d", test.what, line, len(line), test.max)
			}
		}
	}
}

var hot = []byte(`r13.ab3f9,57|{"room":"lobby","text":"hello, world"}`)

func TestParseDoesNotAllocate(t *testing.T) {
	allocs := testing.AllocsPerRun(100, func() { parseHot(t) })
	if allocs != 0 {
		t.Errorf("ParseFrame and Field allocate %v times", allocs)
	}
}

func parseHot(t testing.TB) {
	f, err := ParseFrame(hot)
	if err != nil || len(f.Field(1)) != 2 || len(f.Payload) != 39 {
		t.Fatal("wrong frame", f, err)
	}
}

func BenchmarkParseFrame(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(hot)))
	for b.Loop() {
		parseHot(b)
	}
}

func BenchmarkAppendFrame(b *testing.B) {
	f, err := ParseFrame(hot)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	buf := make([]byte, 0, 256)
	for b.Loop() {
		buf = f.Append(buf[:0])
	}
}
