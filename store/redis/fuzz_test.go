package redis

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// liar is a server that answers every script with the same reply.
type liar struct {
	net.Listener
	reply atomic.Pointer[[]byte]
}

// lie starts a liar, and opens a store on it.
func lie(t testing.TB) (*liar, *Store) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	li := &liar{Listener: l}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go li.serve(conn)
		}
	}()
	s, err := Open(context.Background(), "redis://"+l.Addr().String(), Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return li, s
}

func (l *liar) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		var n int
		if _, err := fmt.Fscanf(r, "*%d\r\n", &n); err != nil {
			return
		}
		words := make([]string, n)
		for i := range words {
			var size int
			if _, err := fmt.Fscanf(r, "$%d\r\n", &size); err != nil {
				return
			}
			word := make([]byte, size+2)
			for got := 0; got < len(word); {
				n, err := r.Read(word[got:])
				if err != nil {
					return
				}
				got += n
			}
			words[i] = string(word[:size])
		}
		if _, err := conn.Write(l.answer(words)); err != nil {
			return
		}
	}
}

func (l *liar) answer(words []string) []byte {
	switch command := strings.ToUpper(words[0]); command {
	case "EVALSHA", "EVAL":
		return *l.reply.Load()
	case "PING":
		return []byte("+PONG\r\n")
	case "CLUSTER":
		return []byte("-ERR This instance has cluster support disabled\r\n")
	case "CONFIG":
		return resp("maxmemory-policy", "noeviction")
	}
	return []byte("+OK\r\n")
}

// resp writes a list of strings, numbers, lists and nils as the Redis protocol does.
func resp(list ...any) []byte {
	out := fmt.Appendf(nil, "*%d\r\n", len(list))
	for _, v := range list {
		switch v := v.(type) {
		case nil:
			out = append(out, "$-1\r\n"...)
		case string:
			out = fmt.Appendf(out, "$%d\r\n%s\r\n", len(v), v)
		case int:
			out = fmt.Appendf(out, ":%d\r\n", v)
		case []any:
			out = append(out, resp(v...)...)
		}
	}
	return out
}

// whole returns what follows the first value of the protocol, and whether there is a whole one: with others the client waits for the rest.
func whole(text string, depth int) (rest string, ok bool) {
	head, rest, ok := strings.Cut(text, "\r\n")
	if !ok || head == "" || strings.Contains(head, "\n") || depth > 8 {
		return "", false
	}
	if head[0] == '+' || head[0] == '-' {
		return rest, true
	}
	n, err := strconv.Atoi(head[1:])
	switch {
	case err != nil || strconv.Itoa(n) != head[1:]:
		return "", false
	case head[0] == ':' || n == -1 && (head[0] == '$' || head[0] == '*'):
		return rest, true
	case n < 0 || n > len(rest):
		return "", false
	case head[0] == '$' && strings.HasPrefix(rest[n:], "\r\n"):
		return rest[n+2:], true
	case head[0] != '*':
		return "", false
	}
	for range n {
		if rest, ok = whole(rest, depth+1); !ok {
			return "", false
		}
	}
	return rest, true
}

// Whatever a server says, a call returns an error or something that a caller can believe.
func FuzzReply(f *testing.F) {
	l, s := lie(f)
	socket := []any{"a", 3, "", "0", "", "2.abcde", "1", "secret", "ann", "session"}
	ended := []any{"a", 3, "ended", "4004", "expired"}
	subs := []any{"t", "1,5.abcde", "u", "2,0."}
	item := []any{"i", "a", "data", "1", 2}
	for method, replies := range map[byte][][]any{
		0: {{"applied", 3, "2.abcde", -1, "1.abcde", ""}, {"conflict", 3, "", 10, "1.abcde", "value", "", nil}, {"exceeded", 0, "", -1, "group"}},
		1: {{"applied", socket, 100, "0.abcde", []any{"abcdeone", "abcdf"}, subs}, {"gone", ended, -1}, {"denied", nil, 5}},
		2: {{[]any{"applied", "1.abcde", "0.abcde", []any{"abcdeone"}, ""}}, {[]any{"applied", socket}}, {[]any{"applied", item}}, {[]any{"missing"}}, {[]any{"applied", "1.abcde", "value"}},
			{[]any{"applied", "2.abcde", []any{"name", "1.abcdf", "value"}}}, {[]any{"applied", "2.abcde", []any{"name", "1.abcdf", nil}}}, {[]any{"applied", "2.abcde", []any{"name"}}}},
		3: {{[]any{"applied", 3, "", "0", "", "2.abcde"}}, {[]any{"gone"}}},
		4: {{100, []any{[]any{"socket", "token", socket, subs}, []any{"item", "token", item}}}},
	} {
		for _, reply := range replies {
			f.Add(method, resp(reply...))
		}
	}
	f.Add(byte(0), []byte("-READONLY You can't write against a read only replica.\r\n"))
	f.Add(byte(1), []byte(":1\r\n"))
	f.Add(byte(0), resp("applied", -3, "2.abcde", -1, "1.abcde", ""))
	f.Add(byte(0), resp("lost", 3, "2.abcde", -1))                                                 // no status of a turn
	f.Add(byte(0), resp("repeated", 3, "2.abcde", math.MaxInt64))                                  // longer than there is time
	f.Add(byte(1), resp("applied", nil, -1, "18446744073709551615.abcde", []any{"abcdeone"}, nil)) // the offset after that is 0
	f.Add(byte(4), resp(0, []any{[]any{"item", "token", nil}}))
	f.Add(byte(4), resp(0, []any{[]any{"socket", "", socket, nil}}))
	f.Fuzz(func(t *testing.T, method byte, reply []byte) {
		if rest, ok := whole(string(reply), 0); !ok || rest != "" {
			return
		}
		l.reply.Store(&reply)
		believe(t, s, method)
	})
}

// believe calls a method and checks what comes back.
func believe(t *testing.T, s *Store, method byte) {
	ctx := t.Context()
	var statuses []store.Status
	due := time.Duration(-1)
	var entries []store.Entry
	var from store.Cursor
	var err error
	switch method % 5 {
	case 0:
		var out store.Outcome
		out, err = s.Commit(ctx, store.Turn{
			Cause: store.Cause{Socket: "a", Number: 1}, Attempt: "x",
			Guards:  []store.Guard{{Topic: "t"}, {Topic: "u", Field: "f"}},
			Effects: []store.Effect{store.Append{Socket: "a"}, store.Cancel{Item: "i"}},
		})
		statuses, due = append(statuses, out.Status), out.NextDue
		if err == nil && (out.Status == store.Applied && len(out.At) != 2 || out.Status == store.Conflict && len(out.Fresh) != 2) {
			t.Errorf("%+v", out)
		}
	case 1:
		var found store.Attached
		found, err = s.Attach(ctx, store.Attach{Socket: "a"})
		statuses, due, entries, from = append(statuses, found.Status), found.NextDue, found.Entries, found.From
	case 2:
		for _, q := range []store.Query{{Topic: "t"}, {Topic: "t", Value: true}, {Topic: "t", Fields: true}, {Topic: "t", Field: "f"}, {Socket: "a"}, {Socket: "a", Entries: true}, {Item: "i"}, {Group: "g"}} {
			var replies []store.Reply
			if replies, err = s.Read(ctx, []store.Query{q}); err == nil {
				statuses, entries, from = append(statuses, replies[0].Status), replies[0].Entries, replies[0].From
				for _, f := range replies[0].Fields {
					if f.Value == nil {
						t.Errorf("a field without a value: %+v", f)
					}
				}
			}
		}
	case 3:
		var kept []store.Kept
		if kept, err = s.Keep(ctx, []store.Held{{Socket: "a"}}); err == nil {
			statuses = append(statuses, kept[0].Status)
		}
	case 4:
		var claimed store.Claimed
		claimed, err = s.Claim(ctx, 1000, time.Second)
		due = claimed.NextDue
		for _, d := range claimed.Due {
			if d.Token == "" || (d.Socket.ID == "") == (d.Item.ID == "") {
				t.Errorf("%+v", d)
			}
		}
	}
	if err != nil {
		return
	}
	if due < 0 && due != -1 {
		t.Errorf("due in %v", due)
	}
	for _, e := range entries {
		if e.Offset != from.Offset+1 || len(e.Tag) != tagLength {
			t.Errorf("entry %v after %v", e.Cursor, from)
		}
		from = e.Cursor
	}
	if possible := [5][]store.Status{
		{store.Applied, store.Repeated, store.Gap, store.Conflict, store.Gone, store.Full, store.Exceeded},
		{store.Applied, store.Lost, store.Stale, store.Gone, store.Rewound, store.Denied, store.Busy},
		{store.Applied, store.Missing, store.Gone, store.Lost},
		{store.Applied, store.Replaced, store.Gone, store.Rewound},
	}[method%5]; !among(statuses, possible) {
		t.Errorf("statuses %v of method %d", statuses, method%5)
	}
}

func among(statuses, possible []store.Status) bool {
	for _, s := range statuses {
		found := false
		for _, p := range possible {
			found = found || s == p
		}
		if !found {
			return false
		}
	}
	return true
}

// Whatever is said on a channel, a notice is understood, or it is none.
func FuzzNotice(f *testing.F) {
	w := &watch{store: &Store{prefix: "sj1:{0}:"}, inbox: "in"}
	w.channel = w.store.inboxChannel(w.inbox)
	for _, message := range []string{
		"a\ns\nabcde\n1.abcdf\ndata", "A\ns\nabcde\n1.abcdf\n", "v\ns\ndata", "m\ns\n7", "p\n", "a\nin\nabcde\n1.abcdf\ndata", "m\ns\n-1", "a\ns\n\n1\n", "z\n",
	} {
		f.Add(w.channel, message)
		f.Add(w.store.topicChannel("t"), message)
	}
	f.Add("another", "v\ns\ndata")
	f.Add(w.store.topicChannel(""), "v\ns\ndata")
	f.Add(w.channel, "a\ns\nabcde\n0.\ndata")
	f.Fuzz(func(t *testing.T, channel, message string) {
		n, ok := w.parseNotice(channel, message)
		switch {
		case !ok:
		case (channel == w.channel) != (n.Topic == "" && !strings.HasPrefix(channel, w.store.topicChannel(""))):
			t.Errorf("%q on %q is about topic %q", message, channel, n.Topic)
		case n.Topic != "" && n.Socket != "":
			t.Errorf("a notice of two things: %+v", n)
		case n.Kind == store.Added && (len(n.Entry.Tag) != tagLength || n.Entry.Offset == 0):
			t.Errorf("an entry without its place: %+v", n)
		case n.Kind == store.Resync:
			t.Errorf("%+v", n)
		}
	})
}
