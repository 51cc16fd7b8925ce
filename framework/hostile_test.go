package framework_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// The key of a socket, the id of a session and what a client proves itself with reach no log, whatever goes wrong.
func TestNothingSecretInLogs(t *testing.T) {
	onEachStore(t, func(w *world) {
		log := newRecorder()
		w.cfg.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		w.cfg.Identify = func(r *http.Request) (framework.User, error) {
			if r.Header.Get("Authorization") == "Bearer wrong token" {
				return framework.User{}, framework.Errorf(framework.CodeDenied, "no")
			}
			return framework.User{}, nil
		}
		w.run(1, ledger())
		const session = "c2Vzc2lvbnNlc3Npb24xMg"
		say := func(path, body, end string) { // until it is answered so
			for frame := range w.frames(session, path, body) {
				if strings.HasPrefix(frame, end) {
					return
				}
			}
			t.Errorf("%s %q: no answer %s", path, body, end)
		}
		attach := 0
		hello := func(auth string) string {
			attach++
			return fmt.Sprintf(`H{"v":1,"key":"%s","c":%d,"auth":"%s"}`, rawKey, attach, auth)
		}
		for _, path := range []string{"/lp", "/sse", "/ws"} {
			say(path, hello("a token"), "h")
			say(path, hello("wrong token"), "z4002,")
			say(path, `H{"v":1,"key":"`+rawKey+`","auth":"a token"`, "z4001,")
		}
		say("/ws", hello("a token")+"\nT|\"another token\"\nT|\"wrong token\"", "z4002,")
		say("/ws", hello("a token")+"\nT|\"a token", "z4001,")
		up := "K" + rawKey + ",,0"
		say("/up", up+`|"wrong token"`, "z4002,")
		say("/up", up+"|\"a token\"\nC1,ledger.fail|\"panic\"\nC2,ledger.nothing\nCx", "z4001,")
		w.first().store.before = func(store.Turn) error { return store.ErrClosed }
		say("/up", up+"|\"a token\"\nC3,ledger.add|1", "z")
		if log.String() == "" {
			t.Error("nothing was logged: the test shows nothing")
		}
		for _, secret := range []string{rawKey, session, "token"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("the log has %q:\n%s", secret, log.String())
			}
		}
	})
}

// Clients that never read hold up nobody, and nothing is queued for them here.
func TestDeafClientsHoldUpNobody(t *testing.T) {
	onEachStore(t, func(w *world) {
		big := &framework.Topic[string]{Name: "big", Subscribe: framework.Anyone}
		w.run(1, ledger(), framework.Service{Name: "big", Topics: []framework.Stream{big}})
		host := strings.TrimSuffix(strings.TrimPrefix(w.url, "http://"), "/rt")
		for n := range 5 { // subscribe, then ask for a stream and read nothing of it
			key := strings.Replace(rawKey, "A", string(rune('B'+n)), 1)
			w.post("/lp", `H{"v":1,"key":"`+key+`","c":1}`)
			w.post("/up", "K"+key+",,0\nS1,big/all")
			c, err := net.Dial("tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.(*net.TCPConn).SetReadBuffer(4096)
			hello := `H{"v":1,"key":"` + key + `","c":2,"cur":"0."}`
			request := "POST /rt/sse HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: text/plain\r\nContent-Length: " + strconv.Itoa(len(hello)) + "\r\n\r\n" + hello
			if _, err := c.Write([]byte(request)); err != nil {
				t.Fatal(err)
			}
		}
		a := w.account(nil)
		a.follow(w, "lines/all")
		text := strings.Repeat("x", 60_000)
		for n := 1; n <= 200; n++ {
			if err := w.first().rt.Do(context.Background(), func(t *framework.Turn) error {
				if err := big.Publish(t, "all", text); err != nil {
					return err
				}
				return lines.Publish(t, "all", n)
			}); err != nil {
				t.Fatal(err)
			}
		}
		a.expect(w, "the topic", &a.lines, upTo(200))
	})
}

// Who knows the id of another's question cannot answer it.
func TestAnswersOfOthersAreDropped(t *testing.T) {
	onEachStore(t, func(w *world) {
		asked := make(chan string, 1)
		w.run(2, ledger())
		a := w.account(&client.Options{Trace: func(direction string, frame []byte) {
			if f, err := protocol.ParseFrame(frame); err == nil && direction == "down" && f.Kind == protocol.Question {
				asked <- string(f.Field(1))
			}
		}})
		answer := make(chan struct{})
		a.Handle("ledger.question", func(context.Context, protocol.Payload) (any, error) {
			<-answer
			return 70, nil
		})
		a.follow(w, "lines/"+a.ID())
		call[any](w, a.Client, "ledger.ask", 7)
		id := <-asked
		w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":1}`)
		if _, text := w.post("/up", "K"+rawKey+",,0\nR1,"+id+"|666\nX2,"+id+"|{\"code\":\"no\",\"message\":\"\"}"); !strings.HasPrefix(text, "a2,") {
			t.Errorf("another's answers: %q", text)
		}
		close(answer)
		a.expect(w, "the answer", &a.lines, []int{70})
	})
}

// Where the rule says no there is no subscription: not by the message, and not by a cursor in a hello.
func TestSubscriptionsAreRefused(t *testing.T) {
	onEachStore(t, func(w *world) {
		secret := &framework.Topic[int]{Name: "secret", History: 10, Subscribe: framework.Nobody}
		mine := &framework.State[int]{Name: "mine", Subscribe: framework.OwnSession}
		w.run(2, framework.Service{Name: "s", Topics: []framework.Stream{secret, mine}})
		publish := func() {
			err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error {
				if err := secret.Publish(t, "all", 987654321); err != nil {
					return err
				}
				return mine.Update(t, "somebody", func(n *int) error { *n += 987654321; return nil })
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		publish()
		_, first := w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":1}`)
		_, up := w.post("/up", "K"+rawKey+",,0\nS1,secret/all\nS2,mine/somebody\nS3,mine/\nS4,~answers/x\nS5,nothing/all")
		publish()
		_, text := w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":2,"cur":"0.","now":true,"topics":{"secret/all":"0.","mine/somebody":"0."}}`)
		if all := first + up + text; strings.Contains(all, "987654321") || strings.Contains(all, "\ns") || countLines(text, 'x') != 5 {
			t.Errorf("a client that may not subscribe is told %q", all)
		}
	})
}

// A subscriber gets what a subscriber is to get: a cursor that it makes up does not show it what was said before it came.
func TestCursorsOpenNoPast(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(2, ledger())
		publish := func(from, to int) {
			for n := from; n <= to; n++ {
				if err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error { return short.Publish(t, "all", n) }); err != nil {
					t.Fatal(err)
				}
			}
		}
		publish(111, 113)
		w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":1}`)
		w.post("/up", "K"+rawKey+",,0\nS1,short/all")
		publish(221, 221)
		for n, cursor := range []string{"0.", "0.aaaaa", "1.aaaaa", "3.aaaaa", "9.aaaaa", "999999.aaaaa"} {
			_, text := w.post("/lp", fmt.Sprintf(`H{"v":1,"key":"%s","c":%d,"cur":"0.","now":true,"topics":{"short/all":"%s"}}`, rawKey, n+2, cursor))
			if strings.Contains(text, "|11") || !strings.Contains(text, "|221") {
				t.Errorf("with cursor %s: %q", cursor, text)
			}
		}
	})
}

// The same request held twice is held once.
func TestSameAttachIsHeldOnce(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(1, ledger())
		w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":1}`)
		open := func() *http.Response {
			r, err := http.Post(w.url+"/sse", "text/plain", strings.NewReader(`H{"v":1,"key":"`+rawKey+`","c":2,"cur":"0."}`))
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		for range 20 {
			first := open()
			second := open()
			text, err := io.ReadAll(first.Body) // until it ends
			if err != nil || !strings.Contains(string(text), "z4005,") {
				t.Errorf("the first stream ended with %q, %v", text, err)
			}
			second.Body.Close()
		}
	})
}
