package transports_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// BenchmarkMisuse reports what clients cost an instance that take and give as little as they can: the bytes of heap and of stacks for each of a
// thousand connections, while all of them are held. The clients' ends are in it, with some hundred bytes each.
//
//	go test ./transports -run ^$ -bench Misuse -benchtime 1x
func BenchmarkMisuse(b *testing.B) {
	b.Run("NeverReads/Topic", func(b *testing.B) { // each entry is in memory once
		neverReads(b, &topic{frames: frames(1000)})
	})
	b.Run("NeverReads/Local", func(b *testing.B) { // each socket has its own 100 KiB that it did not acknowledge
		local := transports.NewLocal(nil)
		neverReads(b, flooded{local, 100})
	})
	b.Run("NeverSaysHello", neverSaysHello)
	b.Run("TricklingPost", tricklingPost)
}

const crowd = 1000

const handshake = "GET /rt/ws HTTP/1.1\r\nHost: kit\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"

// topic is a switchboard whose links have the same frames for everybody.
type topic struct {
	transports.Switchboard
	frames [][]byte
}

func frames(n int) (all [][]byte) {
	for i := range n {
		all = append(all, fmt.Appendf(nil, `t3a,%d.aaaaa|"%s"`, i+1, strings.Repeat("x", 1000)))
	}
	return all
}

func (t *topic) Open(*http.Request, []byte, transports.Carrier) (transports.Link, error) {
	return &topicLink{topic: t}, nil
}

type topicLink struct {
	transports.Link
	*topic
	pulled bool
}

func (k *topicLink) Push(context.Context, []byte) error { return nil }
func (k *topicLink) Close()                             {}
func (k *topicLink) Pull(ctx context.Context) ([][]byte, error) {
	if !k.pulled {
		k.pulled = true
		return k.frames, nil
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// flooded sends each socket that opens so many events of a KiB before its first Pull.
type flooded struct {
	*transports.Local
	events int
}

func (f flooded) Open(r *http.Request, hello []byte, c transports.Carrier) (transports.Link, error) {
	link, err := f.Local.Open(r, hello, c)
	if h, e := protocol.ParseHello(hello); err == nil && e == nil {
		for range f.events {
			_ = f.Send(protocol.CredentialOf(h.Key).Socket, "kit.event", protocol.JSONPayload([]byte(`"`+strings.Repeat("x", 1000)+`"`)))
		}
	}
	return link, err
}

// neverReads floods connections that say a hello and read nothing, not even its answer.
func neverReads(b *testing.B, sb transports.Switchboard) {
	stuck := make(chan struct{}, crowd)
	hold(b, sb, ws.Transport{}, func(l *smallBuffers) { l.stuck = stuck }, func(i int, c net.Conn) {
		key := fmt.Sprintf("AAAAAAAAAAAAAAAAAA%04d", i)
		hello := protocol.HelloUp{Version: 1, Key: key, Attach: 1}.Append(nil)
		_, _ = io.WriteString(c, handshake)
		_, _ = c.Read(make([]byte, 200)) // it has been upgraded
		_, _ = c.Write(append([]byte{0x81, 0x80 | byte(len(hello)), 0, 0, 0, 0}, hello...))
	}, func() {
		for range crowd {
			<-stuck
		}
	})
}

func neverSaysHello(b *testing.B) {
	hold(b, &script{}, ws.Transport{}, nil, func(_ int, c net.Conn) {
		_, _ = io.WriteString(c, handshake)
		_, _ = c.Read(make([]byte, 200))
		_, _ = c.Write([]byte{0x01}) // and half a header
	}, nil)
}

func tricklingPost(b *testing.B) {
	begun := make(chan struct{}, crowd)
	hold(b, &script{}, longpoll.Transport{}, func(l *smallBuffers) { l.begun = begun }, func(_ int, c net.Conn) {
		_, _ = io.WriteString(c, "POST /rt/up HTTP/1.1\r\nHost: kit\r\nContent-Length: 1000000\r\n\r\n")
		<-begun
		for range 5 {
			_, _ = c.Write([]byte("K"))
		}
	}, nil)
}

// hold opens a thousand connections to a server, waits until they are as they should be, and reports what they cost.
func hold(b *testing.B, sb transports.Switchboard, t transports.Transport, prepare func(*smallBuffers), open func(i int, c net.Conn), settle func()) {
	for b.Loop() {
		h, err := transports.Handler(sb, transports.Options{}, t)
		if err != nil {
			b.Fatal(err)
		}
		var serving sync.WaitGroup
		server := httptest.NewUnstartedServer(nil)
		listener := &smallBuffers{Listener: server.Listener}
		if prepare != nil {
			prepare(listener)
		}
		server.Listener = listener
		server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			serving.Add(1)
			defer serving.Done()
			if listener.begun != nil {
				listener.begun <- struct{}{}
			}
			h.ServeHTTP(w, r)
		})
		server.Start()

		heap, stacks := memory()
		clients := make([]net.Conn, crowd)
		for i := range clients {
			if clients[i], err = net.Dial("tcp", server.Listener.Addr().String()); err != nil {
				b.Fatal(err)
			}
			_ = clients[i].(*net.TCPConn).SetReadBuffer(4 << 10)
			open(i, clients[i])
		}
		if settle != nil {
			settle()
		}
		heapNow, stacksNow := memory()
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(heapNow-heap)/crowd, "heap-B/conn")
		b.ReportMetric(float64(stacksNow-stacks)/crowd, "stack-B/conn")
		for _, c := range clients {
			c.Close()
		}
		server.Close()
		serving.Wait()
	}
}

func memory() (heap, stacks int64) {
	runtime.GC()
	runtime.GC() // what pools hold goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), int64(m.StackInuse)
}

// smallBuffers is a listener whose connections have little room in the kernel, so that a client that does not read soon holds up
// its writer, which is then told.
type smallBuffers struct {
	net.Listener
	stuck, begun chan struct{}
}

func (l *smallBuffers) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	_ = c.(*net.TCPConn).SetWriteBuffer(4 << 10)
	return &told{Conn: c, stuck: l.stuck}, nil
}

type told struct {
	net.Conn
	stuck chan struct{}
	once  sync.Once
}

func (c *told) Write(b []byte) (int, error) {
	if c.stuck != nil && len(b) > 32<<10 {
		c.once.Do(func() { c.stuck <- struct{}{} })
	}
	return c.Conn.Write(b)
}
