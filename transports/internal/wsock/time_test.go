package wsock_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/internal/wsock"
)

// pipe is a listener of one connection, which is in memory: so its time can be a bubble's.
type pipe chan net.Conn

func (p pipe) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (p pipe) Close() error { return nil }

func (p pipe) Addr() net.Addr { return &net.UnixAddr{} }

// inTime runs a test of one WebSocket in fake time.
func inTime(t *testing.T, l transports.Limits, serve func(*wsock.Conn) error, test func(client *websocket.Conn, failed <-chan error)) {
	synctest.Test(t, func(t *testing.T) {
		failed, done := make(chan error, 1), make(chan struct{})
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := wsock.Accept(w, r, l)
			if err != nil {
				t.Error(err)
				return
			}
			failed <- serve(c)
			c.Close(wsock.Normal, "")
			close(done)
		})}
		listener, ours, theirs := make(pipe, 1), net.Conn(nil), net.Conn(nil)
		ours, theirs = net.Pipe()
		listener <- theirs
		go func() { _ = server.Serve(listener) }()
		dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return ours, nil }}
		client, _, err := dialer.Dial("ws://test/", nil)
		if err != nil {
			t.Fatal(err)
		}
		test(client, failed)
		client.Close()
		<-done
		close(listener)
		_ = server.Close()
	})
}

func timedOut(t *testing.T, err error) {
	t.Helper()
	if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() {
		t.Errorf("the error is %v, want a time-out", err)
	}
}

func TestAMessageThatStopsComingIsNotWaitedFor(t *testing.T) {
	inTime(t, transports.Limits{Wait: time.Minute}, echo, func(client *websocket.Conn, failed <-chan error) {
		time.Sleep(time.Hour)                                                                  // none has begun
		if _, err := client.NetConn().Write([]byte{0x81, 0x85, 0, 0, 0, 0, 'x'}); err != nil { // one byte of five
			t.Fatal(err)
		}
		began := time.Now()
		timedOut(t, <-failed)
		if waited := time.Since(began); waited != time.Minute {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestAClientThatReadsNothingIsNotWaitedFor(t *testing.T) {
	write := func(c *wsock.Conn) error { return c.Write(true, make([]byte, 1<<16)) }
	inTime(t, transports.Limits{Write: 10 * time.Second}, write, func(_ *websocket.Conn, failed <-chan error) {
		began := time.Now()
		timedOut(t, <-failed)
		if waited := time.Since(began); waited != 20*time.Second { // for 64 KiB, and for their header
			t.Errorf("waited %v", waited)
		}
	})
}

func TestAClientThatDoesNotCloseIsWaitedForASecond(t *testing.T) {
	idle := func(*wsock.Conn) error { return nil }
	reading := func(c *wsock.Conn) error {
		go func() { _, _, _ = c.Read() }()
		synctest.Wait()
		return nil
	}
	for _, serve := range []func(*wsock.Conn) error{idle, reading} {
		inTime(t, transports.Limits{}, serve, func(client *websocket.Conn, failed <-chan error) {
			client.SetCloseHandler(func(int, string) error { return nil }) // says nothing
			began := time.Now()
			if _, _, err := client.ReadMessage(); err == nil {
				t.Error("a message")
			}
			time.Sleep(time.Second / 2)
			if err := client.WriteMessage(websocket.TextMessage, []byte("x")); err != nil {
				t.Error(err)
			}
			if _, err := client.NetConn().Read(make([]byte, 1)); err == nil {
				t.Error("the connection is still there")
			}
			if waited := time.Since(began); waited != time.Second {
				t.Errorf("waited %v", waited)
			}
		})
	}
}

func TestTheRestOfAMessageThatIsTooLargeIsLetIn(t *testing.T) {
	inTime(t, transports.Limits{Body: 1000}, echo, func(client *websocket.Conn, failed <-chan error) {
		written := make(chan error)
		go func() {
			_, err := client.NetConn().Write(append([]byte{0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0}, make([]byte, 1<<20)...))
			written <- err
		}()
		closedWith(t, client, wsock.TooBig, "")
		if err := <-written; err != nil { // over a network the reason would not have arrived
			t.Error(err)
		}
	})
}

func TestAPeerThatDoesNotAnswerAPingIsNotWaitedFor(t *testing.T) {
	pings := func(c *wsock.Conn) error {
		asked := make(chan struct{})
		defer func() { <-asked }()
		go func() {
			defer close(asked)
			for range 3 {
				time.Sleep(10 * time.Second)
				_ = c.Ping(5 * time.Second)
			}
			for range 4 { // who is asked again has no more time
				time.Sleep(time.Second)
				_ = c.Ping(5 * time.Second)
			}
		}()
		return echo(c)
	}
	inTime(t, transports.Limits{}, pings, func(client *websocket.Conn, failed <-chan error) {
		began, heard := time.Now(), 0
		client.SetPingHandler(func(data string) error {
			if heard++; heard >= 3 {
				return nil // it is dead from now on
			}
			return client.WriteControl(websocket.PongMessage, []byte(data), time.Time{})
		})
		go func() { _, _, _ = client.ReadMessage() }()
		timedOut(t, <-failed)
		if waited := time.Since(began); waited != 35*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

// A peer that answers pings in the middle of a message has no more time for that.
func TestAPongDoesNotProlongAMessage(t *testing.T) {
	inTime(t, transports.Limits{Wait: time.Minute}, echo, func(client *websocket.Conn, failed <-chan error) {
		if _, err := client.NetConn().Write([]byte{0x01, 0x81, 0, 0, 0, 0, 'x'}); err != nil { // a part of a message
			t.Fatal(err)
		}
		began := time.Now()
		go func() {
			for range 50 {
				time.Sleep(time.Second)
				_ = client.WriteControl(websocket.PongMessage, nil, time.Time{})
			}
		}()
		timedOut(t, <-failed)
		if waited := time.Since(began); waited != time.Minute {
			t.Errorf("waited %v", waited)
		}
		client.Close()
	})
}

// Who was pinged, and then not listened to for long, has time to answer when somebody listens again.
func TestWhoIsNotListenedToIsNotTakenForDead(t *testing.T) {
	slow := func(c *wsock.Conn) error {
		if _, _, err := c.Read(); err != nil {
			return err
		}
		if err := c.Ping(time.Second); err != nil {
			return err
		}
		time.Sleep(time.Minute)
		return echo(c)
	}
	inTime(t, transports.Limits{}, slow, func(client *websocket.Conn, failed <-chan error) {
		for range 2 {
			go func() { _ = client.WriteMessage(websocket.TextMessage, []byte("x")) }()
			synctest.Wait()
		}
		if _, data, err := client.ReadMessage(); err != nil || string(data) != "x" {
			t.Errorf("%q, %v", data, err)
		}
	})
}

func TestMessagesAndPingsArePaced(t *testing.T) {
	inTime(t, transports.Limits{Rate: 1, Burst: 5}, echo, func(client *websocket.Conn, _ <-chan error) {
		pongs := 0
		client.SetPongHandler(func(string) error { pongs++; return nil })
		began := time.Now()
		go func() {
			for i := range 20 {
				_ = client.WriteControl(websocket.PingMessage, fmt.Append(nil, i), time.Time{})
			}
			_ = client.WriteMessage(websocket.TextMessage, []byte("x"))
		}()
		if _, _, err := client.ReadMessage(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); pongs != 20 || took != 16*time.Second {
			t.Errorf("%d pongs after %v", pongs, took)
		}
	})
}
