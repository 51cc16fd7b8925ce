package framework

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/transports"
)

// Config says what a Server is made of. Its zero value is a server without services, transports or clients, which can still publish: it has effects by
// [Server.Do], and leaves goodbyes and timers to the servers of the same store that have transports. Those all have the same services, but for
// differences between builds.
type Config struct {
	// Transports are the ways for clients to connect. The page's client.js holds their JavaScript halves.
	Transports []transports.Transport
	// Services are what clients can use.
	Services []Service
	// Store remembers everything that must survive the instance. Default: a memory store of the server's own, for one instance.
	Store store.Store
	// Identify says who a request's user is; an error refuses the request, [ErrExpired] asks for fresh credentials. It runs whenever a client connects, each poll
	// included, and for each POST of messages. Errors are logged, with their text. What a client gave as its auth option stands in the header Authorization, as a bearer token, if the request itself has no such header.
	// Default: everybody is the zero User.
	Identify func(*http.Request) (User, error)
	// Origins are origins of pages, other than the server's own, that may connect: "https://app.example.com".
	Origins []string
	// Middleware wraps all services' methods, the first outermost.
	Middleware []Middleware
	// TTL is how long a socket lives without its client. Default 2 minutes.
	TTL time.Duration
	// TurnTime is how long a turn may take. Default 20 seconds.
	TurnTime time.Duration
	// Limits bound what one client may have and ask for.
	Limits Limits
	// Address names the host that a request comes from, for Limits.SocketsPerAddress; "" for one that is not to be counted. Default: who made the
	// connection, if its address is a public one. Behind a proxy that is none: [ClientAddress].
	Address func(*http.Request) string
	// Build names the program's version, by any string that sorts, of at most 64 bytes. With it, what only a newer build knows is left for instances that run it.
	Build string
	// Discover lets clients ask for the names, methods and types of all services that are not private, and has app.js bring rt.discover. Config.Middleware is asked
	// as for every call. Default: off.
	Discover bool
	// Log is where the server logs to. Default: slog.Default().
	Log *slog.Logger
}

// Server keeps conversations with clients. It is an http.Handler for everything below its mount, and the place from which the program's own
// code has effects: [Server.Do]. It holds nothing that must survive it.
//
// All methods may be called at once from any number of goroutines.
type Server struct {
	cfg     Config
	reg     *registry
	store   store.Store
	owned   bool // the store is the server's own
	log     *slog.Logger
	handler http.Handler
	script  []byte

	scriptTag string
	editions  editions

	hub   *hub
	locks keyLocks
	known knownSockets
	opens *opens
	due   due
	aways aways
	drain drain

	logged logged

	closing sync.Once
}

// New makes a server. Its error says everything that is wrong with the configuration.
func New(cfg Config) (*Server, error) {
	services, err := cfg.services()
	reg, registerErr := register(services, cfg.Middleware)
	err = errors.Join(err, registerErr)
	for name, d := range map[string]time.Duration{"TTL": cfg.TTL, "TurnTime": cfg.TurnTime} {
		if d < 0 {
			err = errors.Join(err, fmt.Errorf("framework: Config.%s is negative: %v", name, d))
		}
	}
	if len(cfg.Build) > protocol.MaxBuild {
		err = errors.Join(err, fmt.Errorf("framework: Config.Build has %d bytes, more than %d", len(cfg.Build), protocol.MaxBuild))
	}
	if l := cfg.Limits.withDefaults(); forStore(l.SocketsPerUser) > l.Effects {
		err = errors.Join(err, errors.New("framework: Limits.SocketsPerUser is more than Effects: CloseUser, one turn, could not end them all"))
	}
	s := &Server{cfg: cfg, reg: reg, store: cfg.Store, log: cfg.Log}
	s.cfg.Limits = cfg.Limits.withDefaults()
	s.opens = newOpens(s.cfg.Limits)
	if s.cfg.Address == nil {
		s.cfg.Address = directAddress
	}
	s.cfg.TTL = cmp.Or(cfg.TTL, 2*time.Minute)
	s.cfg.TurnTime = cmp.Or(cfg.TurnTime, 20*time.Second)
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.store == nil { // before the transports, which may keep guests in it
		s.store, s.owned = memory.New(memory.Options{}), true
	}
	if len(cfg.Transports) > 0 {
		handler, muxErr := transports.Handler(switchboard{s}, transports.Options{Origins: cfg.Origins}, cfg.Transports...)
		s.handler, err = handler, errors.Join(err, muxErr)
	}
	if err = errors.Join(err, s.prepareFiles()); err != nil {
		return nil, err
	}
	if cfg.Discover {
		s.log.Info("discovery is on: clients can ask for the names and types of all services that are not private")
	}
	s.hub = newHub(s)
	s.due.init(s)
	s.aways.init(s)
	s.drain.init()
	return s, nil
}

// ServeHTTP serves what lies below the server's mount, wherever that is:
//
//   - client.js, the client; app.js, the client and all services' client halves, and app.js.map; ready; the transports' endpoints. Of their paths only the last
//     element is looked at, but for endpoints that are subtrees: see transports.Transport;
//   - the services' public files, and app.js once more, below assets/: by what follows the first "/assets/" that has a name with a hash behind it. Such a path
//     is never an endpoint; 404 if the hash is not that of now.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.serveFile(w, r) {
		return
	}
	switch path.Base(r.URL.Path) {
	case "ready":
		if err := s.Ready(r.Context()); err != nil {
			if s.logged.unready.now() {
				s.log.Warn("not ready", "error", err)
			}
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write([]byte("ready\n"))
	default:
		if s.handler == nil {
			http.NotFound(w, r)
			return
		}
		s.handler.ServeHTTP(w, s.withSession(w, r))
	}
}

// Ready tells whether the instance can serve: nil, or why not (it is being drained, the store is away or may forget). An instance that was
// asked once is also warm: it watches the store, so that the first client need not wait for that.
func (s *Server) Ready(ctx context.Context) error {
	if s.drain.started() {
		return ErrDraining
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if _, err := s.hub.start(ctx); err != nil {
		return fmt.Errorf("framework: store: %w", err)
	}
	if c, ok := s.store.(store.Checker); ok {
		if err := c.Check(ctx); err != nil {
			return fmt.Errorf("framework: store: %w", err)
		}
		return nil
	}
	if _, err := s.store.Read(ctx, []store.Query{{Item: "ready"}}); err != nil {
		return fmt.Errorf("framework: store: %w", err)
	}
	return nil
}

// Close lets go of everything that the server holds, at once: its connections end, and their clients go on elsewhere. [Server.Drain] is the
// gentle way. The store stays open, unless it is the server's own.
func (s *Server) Close() error {
	var err error
	s.closing.Do(func() {
		s.drain.now()
		err = s.hub.close()
		s.aways.stop()
		s.due.stop()
		if s.owned {
			err = errors.Join(err, s.store.Close())
		}
	})
	return err
}

func newTurnID() uuid.UUID {
	return uuid.Must(uuid.NewV7())
}
