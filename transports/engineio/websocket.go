package engineio

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/transports/internal/session"
	"github.com/sojourn-go/sojourn/transports/internal/wsock"
)

// probe is what the pings of a websocket say that is to take the place of polls.
const probe = "probe"

// websocket serves a request for a websocket: a session of its own, or the upgrade of one that is polled.
func (e *engine) websocket(w http.ResponseWriter, r *http.Request, sid string) {
	if sid == "" {
		sid = rand.Text()
		e.accept(w, r, sid, func(ws *wsock.Conn, r *http.Request) { e.begin(ws, r, sid) })
		return
	}
	if !e.sockets.take(sid) {
		e.accept(w, r, "", turnDown)
		return
	}
	state, err := e.sessions.Look(r.Context(), sid)
	if err != nil {
		e.sockets.leave(sid)
		e.refuse(w, r, refusalOf(err))
		return
	}
	serve := turnDown
	if state == session.Polling {
		serve = func(ws *wsock.Conn, r *http.Request) { e.upgrade(ws, r, sid) }
	}
	if !e.accept(w, r, "", func(ws *wsock.Conn, r *http.Request) { defer e.sockets.leave(sid); serve(ws, r) }) {
		e.sockets.leave(sid)
	}
}

// turnDown serves a websocket that there is no use for: it has been accepted, since clients take a refusal for an error of their own.
func turnDown(*wsock.Conn, *http.Request) {}

// accept makes a request a websocket, has it served and closes it; false: it has not become one. A cookie is set for the sid that the request brings about, if it does.
func (e *engine) accept(w http.ResponseWriter, r *http.Request, sid string, serve func(*wsock.Conn, *http.Request)) bool {
	others := slices.Clip(w.Header()["Set-Cookie"])
	if sid != "" {
		e.setCookie(w, sid)
	}
	ws, err := wsock.Accept(w, r, e.Limits)
	if _, refused := errors.AsType[*wsock.Refused](err); refused {
		w.Header()["Set-Cookie"] = others
		e.refuse(w, r, badRequest)
	}
	if err != nil {
		return false
	}
	r = r.WithContext(context.WithoutCancel(r.Context())) // which ends with the request
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ctx.Err() != nil { // nobody waits any more
		go ws.Close(wsock.Away, "")
		return false
	}
	e.open.Go(func() {
		defer ws.Close(wsock.Normal, "")
		defer contain(r, func() {})
		serve(ws, r)
	})
	return true
}

// begin serves a websocket that is a session of its own.
func (e *engine) begin(ws *wsock.Conn, r *http.Request, sid string) {
	carrier := e.carrier()
	var receiver *session.Receiver
	var err error
	if e.board {
		receiver, err = e.sessions.Direct(r, carrier)
	} else {
		receiver, err = e.sessions.Open(r, sid, &carrier)
	}
	if err != nil {
		return
	}
	e.pings.said(sid)
	if ws.Write(false, e.greeting(sid, []string{})) != nil {
		receiver.Broken()
		return
	}
	e.converse(ws, r, receiver, sid)
}

func (e *engine) carrier() session.Carrier {
	return session.Carrier{Transport: name, Heartbeat: heartbeat, WebSocket: true}
}

// upgrade serves a websocket that is to take the place of a session's polls.
func (e *engine) upgrade(ws *wsock.Conn, r *http.Request, sid string) {
	if !e.probed(ws, r, sid) {
		return
	}
	if receiver, err := e.sessions.Receive(r, sid, e.carrier()); err == nil {
		e.converse(ws, r, receiver, sid)
	}
}

// probed tells whether a websocket has said in time all that an upgrade takes. Until then polls go on, and those that wait are ended.
func (e *engine) probed(ws *wsock.Conn, r *http.Request, sid string) bool {
	defer context.AfterFunc(e.ctx, func() { ws.Close(wsock.Away, "") })()
	late := time.AfterFunc(e.UpgradeTimeout, func() { ws.Close(wsock.Normal, "") })
	defer late.Stop()
	ctx := r.Context()
	kind, data := read(ws)
	if kind != packetPing || string(data) != probe || e.sessions.Probe(ctx, sid, e.UpgradeTimeout) != nil {
		return false
	}
	if ws.Write(false, []byte{packetPong}, []byte(probe)) != nil {
		return false
	}
	defer every(time.Second, func() { _ = e.sessions.Release(ctx, sid) })() // a poll that has come since is held until the next
	kind, _ = read(ws)
	return kind == packetUpgrade && late.Stop()
}

// read reads one packet of text; what is none is zero.
func read(ws *wsock.Conn) (kind byte, data []byte) {
	binary, text, err := ws.Read()
	if err != nil || binary {
		return 0, nil
	}
	p, _ := parsePacket(text)
	return p.kind, p.data
}

// every calls what it is given again and again, until what it returns is called, and has returned.
func every(d time.Duration, call func()) (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(d)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				call()
			case <-done:
				return
			}
		}
	})
	return func() { close(done); running.Wait() }
}
