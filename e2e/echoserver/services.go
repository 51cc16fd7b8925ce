package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/redis"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/engineio"
	"github.com/sojourn-go/sojourn/transports/sockjs"
)

// services are all that is served.
type services struct {
	engineio *engineio.Server
	sockjs   []*sockjs.Server
	stores   []store.Store
}

// open makes the services, each with a store of its own: whoever ends a session must know whose it was. Those that were made are closed by close, also where there is an error.
func open(ctx context.Context, s settings) (*services, error) {
	all := &services{}
	st, err := all.store(ctx, s, "engineio")
	if err != nil {
		return all, err
	}
	all.engineio = &engineio.Server{
		Options:   engineio.Options{PingInterval: s.ping, PingTimeout: s.pong, MaxPayload: s.maxPayload, Store: st},
		CORS:      &engineio.CORS{Any: true},
		OnMessage: func(s *engineio.Socket, m engineio.Message) { s.Send(m) },
	}
	for _, each := range []*sockjs.Server{
		{Prefix: "/echo", OnMessage: echo},
		{Prefix: "/disabled_websocket_echo", OnMessage: echo, Options: sockjs.Options{NoWebSocket: true}},
		{Prefix: "/cookie_needed_echo", OnMessage: echo, Options: sockjs.Options{JSessionID: true}},
		{Prefix: "/close", OnOpen: func(s *sockjs.Session) { s.End(3000, "Go away!") }},
	} {
		each.ResponseLimit, each.HeartbeatDelay, each.DisconnectDelay = s.responseLimit, s.heartbeat, s.disconnect
		each.SockJSURL = s.sockjsURL
		each.Limits = transports.Limits{Body: s.maxPayload}
		if each.Store, err = all.store(ctx, s, "sockjs"+each.Prefix); err != nil {
			return all, err
		}
		all.sockjs = append(all.sockjs, each)
	}
	return all, nil
}

func echo(s *sockjs.Session, text string) { s.Send(text) }

// store opens the store of one service; nil: it is to have its own, in memory.
func (all *services) store(ctx context.Context, s settings, name string) (store.Store, error) {
	if s.store == "memory" {
		return nil, nil
	}
	st, err := redis.Open(ctx, s.store, redis.Options{Prefix: "echoserver/" + name, MaxBytes: 8 << 20})
	if err != nil {
		return nil, err
	}
	all.stores = append(all.stores, st)
	return st, nil
}

// sites returns what is served, by address.
func (all *services) sites(s settings) map[string]*site {
	sites := map[string]*site{s.engineio: {}, s.sockjs: {}}
	sites[s.engineio].engineio = all.engineio
	sites[s.sockjs].sockjs = all.sockjs
	delete(sites, "")
	return sites
}

// site is what one address has.
type site struct {
	engineio *engineio.Server // or nil
	sockjs   []*sockjs.Server
}

// ServeHTTP finds a request's service. It is no http.ServeMux, since that redirects paths such as /echo//.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/rt/ready": // where the balancer of other tests asks
		w.WriteHeader(http.StatusOK)
		return
	case s.engineio != nil && strings.HasPrefix(r.URL.Path, "/engine.io"):
		s.engineio.ServeHTTP(w, r)
		return
	}
	for _, each := range s.sockjs {
		if r.URL.Path == each.Prefix || strings.HasPrefix(r.URL.Path, each.Prefix+"/") {
			each.ServeHTTP(w, r)
			return
		}
	}
	http.NotFound(w, r)
}

// shutdown has clients come again, elsewhere.
func (all *services) shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := all.engineio.Shutdown(ctx)
	for _, each := range all.sockjs {
		err = errors.Join(err, each.Shutdown(ctx))
	}
	return err
}

func (all *services) close() {
	for _, st := range all.stores {
		st.Close()
	}
}
