package engineio

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/transports/internal/session"
)

const name = "engineio"

// Why sessions end, as the protocol's own server says it.
const (
	whyClose   = "transport close"
	whyError   = "transport error"
	whyParse   = "parse error"
	whyTimeout = "ping timeout"
	whyForced  = "forced close"
)

// trace is how long is known why a session ended: for a poll on another instance, which is told of the end, and asks for the reason.
const trace = time.Second

// engine serves the protocol, alone or under a switchboard.
type engine struct {
	Options  // all set
	sessions *session.Sessions
	board    bool // there is a switchboard
	cors     *CORS
	pings    pings
	polls    arrivals
	posts    names // sids that somebody posts to
	sockets  names // sids that a websocket has come for

	ctx  context.Context // ends with Shutdown
	stop context.CancelFunc
	mu   sync.Mutex     // before websockets are added to, or waited for
	open sync.WaitGroup // websockets
}

func newEngine(o Options, cfg session.Config) *engine {
	o.PingInterval = cmp.Or(o.PingInterval, 25*time.Second)
	o.PingTimeout = cmp.Or(o.PingTimeout, 20*time.Second)
	o.UpgradeTimeout = cmp.Or(o.UpgradeTimeout, 10*time.Second)
	o.Limits.Body = o.MaxPayload
	o.Limits = o.Limits.Defaults()
	cfg.Name, cfg.Store, cfg.Limits, cfg.Serial = name, o.Store, o.Limits, true
	cfg.Away, cfg.Expired = o.PingInterval+o.PingTimeout, whyTimeout
	cfg.MaxBytes = 8 * o.MaxPayload
	cfg.Trace = trace
	e := &engine{Options: o, board: cfg.Board != nil, sessions: session.New(cfg)}
	e.ctx, e.stop = context.WithCancel(context.Background())
	return e
}

func (e *engine) shutdown(ctx context.Context) error {
	e.mu.Lock()
	e.stop()
	e.mu.Unlock()
	return errors.Join(e.sessions.Close(ctx), session.Wait(ctx, &e.open))
}

// ServeHTTP serves one request, after the checks in their order.
func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	sid, current := q.Get("sid"), q.Get("EIO") == "4"
	polls, sockets := q.Get("transport") == "polling", q.Get("transport") == "websocket"
	switch {
	case !e.allow(w, r):
	case !polls && !sockets:
		e.refuse(w, r, unknownTransport)
	case q.Has("j") && !e.cors.anyMayRead():
		e.refuse(w, r, forbidden)
	case sid == "" && r.Method != http.MethodGet:
		e.refuse(w, r, badMethod)
	case sockets && !isUpgrade(r), sid != "" && (!current || sockets && e.NoUpgrades):
		e.refuse(w, r, e.unless(r, sid, badRequest))
	case !current:
		e.refuse(w, r, unsupported)
	case sockets:
		e.websocket(w, r, sid)
	case sid == "":
		e.handshake(w, r)
	case r.Method == http.MethodGet:
		e.poll(w, r, sid)
	case r.Method == http.MethodPost:
		e.post(w, r, sid)
	default:
		e.refuse(w, r, e.unless(r, sid, badRequest))
	}
}

// isUpgrade tells whether a request wants to become a websocket.
func isUpgrade(r *http.Request) bool { return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") }

// unless is the refusal of a request that has a sid, if that is known.
func (e *engine) unless(r *http.Request, sid string, otherwise refusal) refusal {
	if sid != "" {
		if _, err := e.sessions.Look(r.Context(), sid); err != nil {
			return refusalOf(err)
		}
	}
	return otherwise
}

// handshake begins a session that is polled.
func (e *engine) handshake(w http.ResponseWriter, r *http.Request) {
	sid := rand.Text()
	if _, err := e.sessions.Open(r, sid, nil); err != nil {
		e.refuse(w, r, refusalOf(err))
		return
	}
	e.pings.said(sid)
	e.setCookie(w, sid)
	upgrades := []string{"websocket"}
	if e.NoUpgrades {
		upgrades = []string{}
	}
	_ = e.say(w, r, e.greeting(sid, upgrades)) // if it is lost the session ends at its deadline
}

// greeting is the packet that a session begins with.
func (e *engine) greeting(sid string, upgrades []string) []byte {
	b, _ := json.Marshal(struct { // has no values that cannot be
		SID          string   `json:"sid"`
		Upgrades     []string `json:"upgrades"`
		PingInterval int64    `json:"pingInterval"`
		PingTimeout  int64    `json:"pingTimeout"`
		MaxPayload   int      `json:"maxPayload"`
	}{sid, upgrades, e.PingInterval.Milliseconds(), e.PingTimeout.Milliseconds(), e.MaxPayload})
	return append([]byte{packetOpen}, b...)
}

func (e *engine) setCookie(w http.ResponseWriter, sid string) {
	if e.Cookie == nil {
		return
	}
	c := *e.Cookie
	c.Value, c.HttpOnly = sid, true
	c.Name, c.Path = cmp.Or(c.Name, "io"), cmp.Or(c.Path, "/")
	c.SameSite = cmp.Or(c.SameSite, http.SameSiteLaxMode)
	http.SetCookie(w, &c)
}
