package transports_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/mock"
)

const key = "AAAAAAAAAAAAAAAAAAAAAA"

var socketID = protocol.CredentialOf(key).Socket

// local is an echo that counts, and fails when asked to.
func local() (*transports.Local, *sync.Map) {
	var runs sync.Map
	return transports.NewLocal(func(socket, method string, p protocol.Payload) (protocol.Payload, error) {
		runs.Store(method+string(p), true)
		switch method {
		case "kit.fail":
			return nil, errors.New(`it "failed"`)
		case "kit.break":
			return protocol.Payload("|1\n2"), nil
		case "kit.socket":
			return protocol.JSONPayload([]byte(`"` + socket + `"`)), nil
		}
		return p, nil
	}), &runs
}

// attach connects; cur is the client's cursor, or "" at first.
func attach(t *testing.T, l *transports.Local, number uint64, cur string) (*mock.Conn, error) {
	t.Helper()
	h := protocol.HelloUp{Version: 1, Key: key, Attach: number}
	if cur != "" {
		c, err := protocol.ParseCursor([]byte(cur))
		if err != nil {
			t.Fatal(err)
		}
		h.Cursor = &c
	}
	c, err := mock.Dial(context.Background(), l, h.Append(nil))
	if err == nil {
		t.Cleanup(func() { c.Close() })
	}
	return c, err
}

func attached(t *testing.T, l *transports.Local, number uint64, cur string) *mock.Conn {
	t.Helper()
	c, err := attach(t, l, number, cur)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// received returns what waits, with every tag written as T.
func received(t *testing.T, c *mock.Conn) string {
	t.Helper()
	frames, err := c.Receive(context.Background())
	if err != nil && len(frames) == 0 {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range frames {
		b.WriteString(untagged(f) + " ")
	}
	return strings.TrimSpace(b.String())
}

func untagged(frame []byte) string {
	before, rest, ok := strings.Cut(string(frame), ".")
	if kind := frame[0]; ok && len(rest) >= 5 && strings.IndexByte("rxel", kind) >= 0 {
		return before + ".T" + rest[5:]
	}
	return string(frame)
}

// tag finds the tag of the socket's stream in a frame.
func tag(t *testing.T, frames [][]byte) string {
	t.Helper()
	for _, f := range frames {
		if _, rest, ok := strings.Cut(string(f), "."); ok && strings.IndexByte("rxe", f[0]) >= 0 {
			return rest[:5]
		}
	}
	t.Fatalf("no cursor in %q", frames)
	return ""
}

func wantReceived(t *testing.T, c *mock.Conn, want string) {
	t.Helper()
	if got := received(t, c); got != want {
		t.Errorf("received %s, want %s", got, want)
	}
}

func send(t *testing.T, c *mock.Conn, frames ...string) {
	t.Helper()
	if err := c.Send([]byte(strings.Join(frames, "\n"))); err != nil {
		t.Fatal(err)
	}
}

func welcome(in, at int) string {
	return fmt.Sprintf(`h{"id":"%s","in":%d,"at":%d,"hb":0,"ttl":120}`, socketID, in, at)
}

func TestLocalHandlesOnceAndInOrder(t *testing.T) {
	l, runs := local()
	c := attached(t, l, 1, "")
	wantReceived(t, c, welcome(0, 0))
	send(t, c, `C1,kit.echo|"a"`, `C3,kit.never`, `C1,kit.never`, `C2,kit.fail`, `C3,kit.break`, `W7,kit.echo*AA==`, `W8,kit.fail`, `C4,kit.socket`)
	wantReceived(t, c, `g2 a1,1 v7*AA== y8|{"code":"internal","message":"it \"failed\""} r1.T,1|"a" x2.T,2|{"code":"internal","message":"it \"failed\""} `+
		`x3.T,3|{"code":"internal","message":"protocol: malformed frame: line break in a payload"} r4.T,4|"`+socketID+`"`)
	if _, ran := runs.Load("kit.never"); ran {
		t.Error("a message ran whose turn it was not")
	}
}

func TestLocalHasNoTopicsAndAsksNothing(t *testing.T) {
	l, _ := local()
	c := attached(t, l, 1, "")
	send(t, c, `S1,room/1`, `U2,room/1`, `R3,q|1`, `X4,q|{}`, `P9,unknown`)
	wantReceived(t, c, welcome(0, 0)+` a2,1 a3,1 a4,1 x1.T,1|{"code":"not_found","message":"no topics here"}`)
}

func TestLocalSendsEvents(t *testing.T) {
	l, _ := local()
	c := attached(t, l, 1, "")
	for _, err := range []error{
		l.Send(socketID, "kit.event", protocol.JSONPayload([]byte("1"))),
		l.Send(socketID, "kit.event", nil),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	wantReceived(t, c, welcome(0, 0)+` e1.T,kit.event|1 e2.T,kit.event`)
	if err := l.Send(socketID, "kit.\n", nil); !errors.Is(err, protocol.ErrMalformed) {
		t.Errorf("a method with a line break: %v", err)
	}
	if err := l.Send("nobody", "kit.event", nil); protocol.CloseOf(err).Code != protocol.CodeGone {
		t.Errorf("a socket that is not known: %v", err)
	}
}

// What was not acknowledged comes again on the next connection, and nothing else.
func TestLocalResumes(t *testing.T) {
	l, _ := local()
	c := attached(t, l, 1, "")
	send(t, c, `C1,kit.echo|1`, `C2,kit.echo|2`, `C3,kit.echo|3`)
	frames, err := c.Receive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tag := tag(t, frames)
	c.Close()

	c = attached(t, l, 2, "1."+tag)
	wantReceived(t, c, welcome(3, 3)+` r2.T,2|2 r3.T,3|3`)
	send(t, c, "A2."+tag, `C4,kit.echo|4`)
	wantReceived(t, c, `r4.T,4|4`)
	c.Close()

	c = attached(t, l, 3, "2."+tag)
	wantReceived(t, c, welcome(4, 4)+` r3.T,3|3 r4.T,4|4`)

	for cur, want := range map[string]protocol.Code{"5." + tag: protocol.CodeRewound, "3.other": protocol.CodeRewound} {
		if _, err := attach(t, l, 4, cur); protocol.CloseOf(err).Code != want {
			t.Errorf("attach at %s: %v, want %v", cur, err, want)
		}
	}
	if err := c.Send([]byte("A9." + tag)); protocol.CloseOf(err).Code != protocol.CodeRewound {
		t.Errorf("an acknowledgement of what never was: %v", err)
	}
}

// A repeated open is the same socket; a newer attach takes over; an older one is refused.
func TestLocalAttachNumbers(t *testing.T) {
	l, _ := local()
	first := attached(t, l, 5, "")
	again := attached(t, l, 5, "")
	wantReceived(t, first, welcome(0, 0))
	if _, err := first.Receive(t.Context()); protocol.CloseOf(err).Code != protocol.CodeReplaced {
		t.Errorf("the connection before: %v, want replaced", err)
	}
	if _, err := attach(t, l, 4, "0."); protocol.CloseOf(err).Code != protocol.CodeStale {
		t.Errorf("an older attach: %v, want stale", err)
	}
	wantReceived(t, again, welcome(0, 0))
	first.Close() // is nothing to the one that took over
	l.Close()
	if frames, err := again.Receive(t.Context()); err != io.EOF || fmt.Sprintf("%s", frames) != "[m0]" {
		t.Errorf("received %s, %v, want m0 and EOF", frames, err)
	}
}

// A message that is sent again while it is being handled runs once.
func TestLocalRetriedWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs, goOn := 0, make(chan bool)
		l := transports.NewLocal(func(string, string, protocol.Payload) (protocol.Payload, error) {
			runs++
			<-goOn
			return nil, nil
		})
		attached(t, l, 1, "")
		for range 2 {
			go func() {
				reply, err := l.Post(nil, [][]byte{[]byte("K" + key + ",,0"), []byte("C1,kit.slow")})
				if got := fmt.Sprintf("%s", reply); err != nil || got != "[a1,1]" {
					t.Errorf("answered %s, %v, want a1,1", got, err)
				}
			}()
		}
		synctest.Wait()
		close(goOn)
		synctest.Wait()
		if runs != 1 {
			t.Errorf("the handler ran %d times", runs)
		}
	})
}

// A client that knows more than the process does has talked to another one.
func TestLocalRewound(t *testing.T) {
	l, _ := local()
	attached(t, l, 1, "")
	ahead := protocol.HelloUp{Version: 1, Key: key, Attach: 2, Cursor: &protocol.Cursor{}, In: 1}
	if _, err := mock.Dial(t.Context(), l, ahead.Append(nil)); protocol.CloseOf(err).Code != protocol.CodeRewound {
		t.Errorf("a client ahead of the socket: %v, want rewound", err)
	}
	other, _ := local()
	if _, err := mock.Dial(t.Context(), other, ahead.Append(nil)); protocol.CloseOf(err).Code != protocol.CodeGone {
		t.Errorf("a client of another process: %v, want gone", err)
	}
}

func TestLocalGoodbye(t *testing.T) {
	l, _ := local()
	c := attached(t, l, 1, "")
	send(t, c, `C1,kit.echo`, `B2`)
	wantReceived(t, c, welcome(0, 0)+` a2,1 r1.T,1`)
	_, err := c.Receive(t.Context())
	if end := protocol.CloseOf(err); end.Code != protocol.CodeGone || end.In == nil || *end.In != 2 {
		t.Errorf("after the goodbye: %v", err)
	}
	if _, err := attach(t, l, 2, "0."); protocol.CloseOf(err).Code != protocol.CodeGone {
		t.Errorf("attach after the goodbye: %v, want gone", err)
	}
}

func TestLocalPost(t *testing.T) {
	l, _ := local()
	c := attached(t, l, 1, "")
	for _, step := range []struct{ post, want string }{
		{"C1,kit.echo|1\nW5,kit.echo|5\nC2,kit.echo|2", "v5|5 a2,2"},
		{"C1,kit.echo|1\nC2,kit.echo|2\nC3,kit.echo|3", "a3,3"},
		{"C5,kit.echo|5\nC4,kit.echo|4", "g4"},
		{"", "a3,3"},
	} {
		lines := append([][]byte{[]byte("K" + key + ",,0")}, protocol.Lines([]byte(step.post))...)
		reply, err := l.Post(nil, lines)
		if got := fmt.Sprintf("%s", reply); err != nil || got != "["+step.want+"]" {
			t.Errorf("%q was answered %s, %v, want %s", step.post, got, err, step.want)
		}
	}
	wantReceived(t, c, welcome(0, 0)+` r1.T,1|1 r2.T,2|2 r3.T,3|3`)
	if _, err := l.Post(nil, [][]byte{[]byte("KBBBBBBBBBBBBBBBBBBBBBB,,0")}); protocol.CloseOf(err).Code != protocol.CodeGone {
		t.Errorf("a key that is not known: %v", err)
	}
	if _, err := l.Post(nil, [][]byte{[]byte("C1,kit.echo")}); protocol.CloseOf(err).Code != protocol.CodeMalformed {
		t.Errorf("no key: %v", err)
	}
}

// A client that never reads is refused (full) before its stream is; events of others let its stream go, and it is told.
func TestLocalIsBounded(t *testing.T) {
	l, _ := local()
	c := attached(t, l, 1, "")
	for range 300 {
		send(t, c, "W1,kit.echo") // its answers are dropped when there are too many
	}
	var err error
	n := 0
	for err == nil && n < 2000 {
		n++
		err = c.Send(fmt.Appendf(nil, "C%d,kit.echo", n))
	}
	if protocol.CloseOf(err).Code != protocol.CodeFull || n != 502 {
		t.Errorf("message %d: %v, want full after 501 answers", n, err)
	}
	for range 600 {
		if err := l.Send(socketID, "kit.event", nil); err != nil {
			t.Fatal(err)
		}
	}
	frames, err := c.Receive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const volatile, entries = 255, 101
	if got := untagged(frames[1+volatile]); len(frames) != 1+volatile+1+entries || got != "l,1000.T,expired" {
		t.Errorf("%d frames, one is %s, want the hello, %d answers, l and %d entries", len(frames), got, volatile, entries)
	}
}

// So it is with bytes.
func TestLocalIsBoundedInBytes(t *testing.T) {
	l, _ := local()
	c := attached(t, l, 1, "")
	payload := strings.Repeat("1", 32<<10) // a little more, with its frame
	for range 100 {
		send(t, c, "W1,kit.echo|"+payload)
	}
	n, err := 0, error(nil)
	for err == nil && n < 100 {
		n++
		err = c.Send(fmt.Appendf(nil, "C%d,kit.echo|%s", n, payload))
	}
	if protocol.CloseOf(err).Code != protocol.CodeFull || n != 17 {
		t.Errorf("message %d: %v, want full after 512 KiB of answers", n, err)
	}
	for range 16 {
		_ = l.Send(socketID, "kit.event", protocol.JSONPayload([]byte(payload)))
	}
	frames, err := c.Receive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const volatile = 31
	if got := untagged(frames[1+volatile]); len(frames) != 1+volatile+2 || got != "l,31.T,expired" {
		t.Fatalf("%d frames, one is %.40s, want the hello, %d answers, l and an entry", len(frames), got, volatile)
	}
	for n := 17; n < 40; n++ { // what was acknowledged does not count
		cursor, _, _ := strings.Cut(string(frames[len(frames)-1][1:]), ",")
		send(t, c, "A"+cursor, fmt.Sprintf("C%d,kit.echo|%s", n, payload))
		if frames, err = c.Receive(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLocalForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := local()
		c := attached(t, l, 1, "")
		for range 3 { // held, away for less than the time, back again
			<-time.After(10 * time.Minute)
			c.Close()
			<-time.After(119 * time.Second)
			c = attached(t, l, 2, "0.")
		}
		c.Close()
		<-time.After(121 * time.Second)
		if _, err := attach(t, l, 3, "0."); protocol.CloseOf(err).Code != protocol.CodeGone {
			t.Errorf("after more than two minutes: %v, want gone", err)
		}
	})
}

func TestLocalClose(t *testing.T) {
	l, _ := local()
	c := attached(t, l, 1, "")
	l.Close()
	frames, err := c.Receive(t.Context())
	if got := fmt.Sprintf("%s", frames); err != io.EOF || got != "["+welcome(0, 0)+" m0]" {
		t.Errorf("received %s, %v, want the hello, m0 and EOF", got, err)
	}
	if _, err := attach(t, l, 2, "0."); protocol.CloseOf(err).Code != protocol.CodeUnavailable {
		t.Errorf("attach after Close: %v, want unavailable", err)
	}
}

func TestLocalPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := local()
		poll := func(hello protocol.HelloUp, hold time.Duration) (string, time.Duration) {
			link, err := l.Open(&http.Request{}, hello.Append(nil), transports.Carrier{Once: true})
			if err != nil {
				t.Fatal(err)
			}
			defer link.Close()
			ctx, cancel := context.WithTimeout(t.Context(), hold)
			defer cancel()
			start := time.Now()
			frames, err := link.Pull(ctx)
			if err != nil {
				t.Error(err)
			}
			var kinds []byte
			for _, f := range frames {
				kinds = append(kinds, f[0])
			}
			return string(kinds), time.Since(start)
		}
		hello := protocol.HelloUp{Version: 1, Key: key, Attach: 1}
		if got, after := poll(hello, time.Minute); got != "h" || after != 0 {
			t.Errorf("the first poll brought %s after %v, want h at once", got, after)
		}
		hello.Attach, hello.Cursor = 2, &protocol.Cursor{}
		if got, after := poll(hello, time.Minute); got != "h" || after != time.Minute {
			t.Errorf("a poll with nothing to say brought %s after %v, want h after 1m", got, after)
		}
		go func() {
			<-time.After(10 * time.Second)
			_ = l.Send(socketID, "kit.event", nil)
		}()
		hello.Attach = 3
		if got, after := poll(hello, time.Minute); got != "he" || after != 10*time.Second {
			t.Errorf("a poll brought %s after %v, want he after 10s", got, after)
		}
	})
}
