package engineio_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/engineio"
	"github.com/sojourn-go/sojourn/transports/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// alone has a server served as a transport is, over pipes.
type alone struct{ *engineio.Server }

func (alone) Name() string   { return "alone" }
func (alone) Script() []byte { return nil }
func (a alone) Endpoints(transports.Switchboard) map[string]http.Handler {
	return map[string]http.Handler{"engine.io/": a}
}

// world is a server, of one or several instances, with clients.
type world struct {
	*testing.T
	servers []*engineio.Server
	at      []*transporttest.Server
	next    int // instance that the next request goes to

	mu     sync.Mutex
	closed []string // why sessions have ended
	heard  []string
}

// program is what a test's instances run. It echoes, unless it is told otherwise.
type program struct {
	engineio.Options
	CORS      *engineio.CORS
	OnOpen    func(*engineio.Socket)
	OnMessage func(*engineio.Socket, engineio.Message)
}

// inWorld runs a test of one instance in fake time.
func inWorld(t *testing.T, p program, test func(*world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t}
		w.add(p)
		test(w)
	})
}

// add starts an instance. Each request goes to the next one.
func (w *world) add(p program) {
	s := &engineio.Server{Options: p.Options, CORS: p.CORS, OnOpen: p.OnOpen, OnMessage: p.OnMessage}
	if s.OnMessage == nil {
		s.OnMessage = func(x *engineio.Socket, m engineio.Message) {
			w.mu.Lock()
			w.heard = append(w.heard, string(m.Data))
			w.mu.Unlock()
			x.Send(m)
		}
	}
	s.OnClose = func(_, reason string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.closed = append(w.closed, reason)
	}
	w.servers = append(w.servers, s)
	w.at = append(w.at, transporttest.Serve(w.T, nil, alone{s}))
	w.Cleanup(func() { w.shutdown(s) })
}

func (w *world) shutdown(s *engineio.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		w.Error("Shutdown:", err)
	}
}

// ends checks why sessions have ended.
func (w *world) ends(want ...string) {
	w.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if fmt.Sprint(w.closed) != fmt.Sprint(want) {
		w.Errorf("sessions have ended because of %q, want %q", w.closed, want)
	}
}

func (w *world) instance() *transporttest.Server {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next++
	return w.at[w.next%len(w.at)]
}

// answer is what a request was answered.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) String() string { return fmt.Sprintf("%d %q", a.status, a.body) }

const (
	polling = "?EIO=4&transport=polling"
	sockets = "?EIO=4&transport=websocket"
)

// ask makes a request.
func (w *world) ask(method, query, body string, header ...string) answer {
	w.Helper()
	return w.askCtx(w.Context(), method, query, body, header...)
}

func (w *world) askCtx(ctx context.Context, method, query, body string, header ...string) answer {
	at := w.instance()
	r, err := http.NewRequestWithContext(ctx, method, at.URL+"/engine.io/"+query, strings.NewReader(body))
	if err != nil {
		return answer{body: err.Error()}
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := at.Client.Do(r)
	if err != nil {
		return answer{body: err.Error()}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{body: err.Error()}
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

// is checks an answer's status and body.
func (w *world) is(got answer, status int, body string) {
	w.Helper()
	if got.status != status || got.body != body {
		w.Errorf("answered %.300v, want %d %.200q", got, status, body)
	}
}

// refused checks that an answer is an error of the protocol.
func (w *world) refused(got answer, code int, message string) {
	w.Helper()
	status := http.StatusBadRequest
	if code == 4 {
		status = http.StatusForbidden
	}
	w.is(got, status, fmt.Sprintf(`{"code":%d,"message":"%s"}`, code, message))
	if kind := got.header.Get("Content-Type"); kind != "application/json" {
		w.Errorf("the error's Content-Type is %q", kind)
	}
}

func (w *world) unknown(got answer) { w.Helper(); w.refused(got, 1, "Session ID unknown") }
func (w *world) bad(got answer)     { w.Helper(); w.refused(got, 3, "Bad request") }

// later is an answer that is waited for.
type later chan answer

func (w *world) begin(method, query, body string) later {
	l := make(later, 1)
	go func() { l <- w.askCtx(w.Context(), method, query, body) }()
	synctest.Wait()
	return l
}

// greeting is what a session begins with.
type greeting struct {
	SID                       string
	Upgrades                  []string
	PingInterval, PingTimeout int
	MaxPayload                int
}

func (w *world) greeting(packet string) (g greeting) {
	w.Helper()
	if !strings.HasPrefix(packet, "0") {
		w.Fatalf("the session begins with %.300q", packet)
	}
	if err := json.Unmarshal([]byte(packet[1:]), &g); err != nil {
		w.Fatal(err)
	}
	return g
}

// session is one that is polled.
type session struct {
	*world
	sid, query string
}

func (w *world) open() *session {
	w.Helper()
	sid := w.greeting(w.ask("GET", polling, "").body).SID
	return &session{w, sid, polling + "&sid=" + sid}
}

func (s *session) get() answer             { s.Helper(); return s.ask("GET", s.query, "") }
func (s *session) post(body string) answer { s.Helper(); return s.ask("POST", s.query, body) }
func (s *session) poll() later             { return s.begin("GET", s.query, "") }

// polls checks what a poll that is under way brings, and those after it if need be: what comes while one waits is answered with the first of it.
func (s *session) polls(first later, want ...string) {
	s.Helper()
	got := strings.Split((<-first).body, "\x1e")
	for len(got) < len(want) {
		got = append(got, strings.Split(s.get().body, "\x1e")...)
	}
	if !slices.Equal(got, want) {
		s.Errorf("polls bring %q, want %q", got, want)
	}
}

// dial asks for a websocket; or with a sid for an upgrade.
func (w *world) dial(sid string, header ...string) (*socket, answer) {
	w.Helper()
	at := w.instance()
	query := sockets
	if sid != "" {
		query += "&sid=" + sid
	}
	return w.dialAt(at, query, header...)
}

func (w *world) dialAt(at *transporttest.Server, query string, header ...string) (*socket, answer) {
	w.Helper()
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	dialer := websocket.Dialer{NetDialContext: at.NetDial, EnableCompression: true} // which is offered
	c, response, err := dialer.DialContext(w.Context(), "ws"+at.URL[len("http"):]+"/engine.io/"+query, h)
	if errors.Is(err, websocket.ErrBadHandshake) {
		text, _ := io.ReadAll(response.Body)
		if response.Close { // which net/http makes of a header
			response.Header.Set("Connection", "close")
		}
		return nil, answer{response.StatusCode, response.Header, string(text)}
	}
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { c.Close() })
	s := &socket{world: w, Conn: c, in: make(chan string, 4096)}
	go s.read()
	return s, answer{response.StatusCode, response.Header, ""}
}

// socket is a websocket, read all the time.
type socket struct {
	*world
	*websocket.Conn
	in chan string // messages; what is binary with b before it; at last how it has ended
}

func (s *socket) read() {
	defer close(s.in)
	for {
		kind, data, err := s.ReadMessage()
		if err != nil {
			s.in <- fmt.Sprint("ended: ", err)
			return
		}
		if kind == websocket.BinaryMessage {
			data = append([]byte("b"), data...)
		}
		s.in <- string(data)
	}
}

func (s *socket) say(text string) {
	s.Helper()
	if err := s.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		s.Fatal("a websocket cannot say", text, err)
	}
}

func (s *socket) hear(want ...string) {
	s.Helper()
	for _, text := range want {
		if got := <-s.in; got != text {
			s.Fatalf("a websocket hears %.300q, want %.200q", got, text)
		}
	}
}

// over checks that the server has closed the websocket, after what was said before.
func (s *socket) over() {
	s.Helper()
	if got := <-s.in; got != "ended: websocket: close 1000 (normal)" {
		s.Fatalf("a websocket hears %.300q, want that it is closed", got)
	}
}

// silent checks that nothing has come.
func (s *socket) silent() {
	s.Helper()
	synctest.Wait()
	select {
	case got := <-s.in:
		s.Fatalf("a websocket hears %.300q, want nothing", got)
	default:
	}
}

// connect begins a session on a websocket.
func (w *world) connect() (*socket, greeting) {
	w.Helper()
	s, refused := w.dial("")
	if s == nil {
		w.Fatal("a websocket is refused:", refused)
	}
	return s, w.greeting(<-s.in)
}

// upgrade takes a session from polls to a websocket.
func (s *session) upgrade() *socket {
	s.Helper()
	ws, refused := s.dial(s.sid)
	if ws == nil {
		s.Fatal("an upgrade is refused:", refused)
	}
	ws.say("2probe")
	ws.hear("3probe")
	ws.say("5")
	synctest.Wait()
	return ws
}
