package transports_test

import (
	"net/http"
	"testing"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/transports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a switchboard whose answers are functions.
type script struct {
	open func(*http.Request, []byte, transports.Carrier) (transports.Link, error)
	post func(*http.Request, [][]byte) ([][]byte, error)
}

func (s *script) Open(r *http.Request, hello []byte, c transports.Carrier) (transports.Link, error) {
	return s.open(r, hello, c)
}

func (s *script) Post(r *http.Request, frames [][]byte) ([][]byte, error) { return s.post(r, frames) }

// endpoints is a transport that has these.
type endpoints struct {
	name     string
	handlers map[string]http.Handler
}

func (e endpoints) Name() string                                             { return e.name }
func (e endpoints) Script() []byte                                           { return nil }
func (e endpoints) Endpoints(transports.Switchboard) map[string]http.Handler { return e.handlers }
