package dialect

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// heard remembers what a session tells.
type heard struct {
	opened bool
	came   []string
	lost   int
	posted []string
}

func (h *heard) Opened()                       { h.opened = true }
func (h *heard) Came(payload []byte)           { h.came = append(h.came, string(payload)) }
func (h *heard) Lost()                         { h.lost++ }
func (h *heard) Post(path string, body []byte) { h.posted = append(h.posted, path+" "+string(body)) }

// read feeds a session in parts of so many bytes, as a connection would, and returns what it wants written.
func read(t *testing.T, s Session, in []byte, parts int, h Hearer) (out []byte) {
	t.Helper()
	var kept []byte
	for part := range slices.Chunk(in, parts) {
		kept = append(kept, part...)
		taken, err := s.Read(kept, &out, h)
		if err != nil {
			t.Fatal(err)
		}
		kept = kept[taken:]
	}
	if len(kept) > 0 {
		t.Errorf("in parts of %d bytes %d were not taken", parts, len(kept))
	}
	return out
}

const handshake = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"

// serverFrame is a frame of a server: without a mask.
func serverFrame(first byte, payload string) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

// However TCP cuts a server's frames, and the server its messages, the same messages come, and a ping between is answered.
func TestWebSocketReadsWhateverTheCuts(t *testing.T) {
	long := strings.Repeat("long", 20_000)
	in := slices.Concat([]byte(handshake),
		serverFrame(final|opText, "short"),
		serverFrame(final|opText, strings.Repeat("x", 126)),
		serverFrame(opText, "in "), serverFrame(final|opPing, "still there?"), serverFrame(0, "three "), serverFrame(final, "parts"),
		serverFrame(final|opText, long),
	)
	for _, parts := range []int{1, 2, 7, 4096, len(in)} {
		var h heard
		out := read(t, newWebSocket(Setting{}, raw{}), in, parts, &h)
		if want := []string{"short", strings.Repeat("x", 126), "in three parts", long}; !h.opened || !slices.Equal(h.came, want) {
			t.Errorf("in parts of %d bytes: opened %v, %d messages came, want %d", parts, h.opened, len(h.came), len(want))
		}
		if want := clientFrame(opPong, "still there?"); !bytes.Equal(out, want) {
			t.Errorf("in parts of %d bytes: the ping was answered %q, want %q", parts, out, want)
		}
	}
}

func clientFrame(op byte, payload string) []byte { return frame([]byte(payload), 0, op) }

// A frame says its length as RFC 6455 wants it, in the shortest form, and stands behind what was there.
func TestFrame(t *testing.T) {
	for size, head := range map[int]string{
		0:       "\x81\x80\x00\x00\x00\x00",
		125:     "\x81\xfd\x00\x00\x00\x00",
		126:     "\x81\xfe\x00\x7e\x00\x00\x00\x00",
		1 << 16: "\x81\xff\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00",
	} {
		payload := strings.Repeat("p", size)
		if got := string(frame([]byte("before"+payload), len("before"), opText)); got != "before"+head+payload {
			t.Errorf("of %d bytes: the frame begins %q, want %q", size, got[:20], "before"+head)
		}
	}
}

// What is lost is told, and the conversation goes on behind it; what is lost of its own stream ends it.
func TestSojournTellsLoss(t *testing.T) {
	c := newConversation(Setting{})
	var h heard
	for _, frame := range []string{"s1.abcde,news/all,3,7.bcdef", "l3,20.cdefg,expired", "t3,21.defgh|{}"} {
		if err := c.hear([]byte(frame), &h); err != nil {
			t.Fatal(err)
		}
	}
	if h.lost != 1 || len(h.came) != 1 || string(c.topic) != "21.defgh" {
		t.Errorf("%+v, and it is at %s", h, c.topic)
	}
	if err := c.hear([]byte("l,20.cdefg,expired"), &h); err == nil {
		t.Error("it goes on without what it lost of its own stream")
	}
}

func TestHandshakeRefused(t *testing.T) {
	s := newWebSocket(Setting{}, raw{})
	var out []byte
	if _, err := s.Read([]byte("HTTP/1.1 429 Too Many Requests\r\n\r\n"), &out, &heard{}); err == nil || !strings.Contains(err.Error(), "429") {
		t.Errorf("a handshake that is refused: %v", err)
	}
}
