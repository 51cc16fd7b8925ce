package peers

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

const labstack = "github.com/labstack/echo/v4"

var (
	_ = register(Peer{"echo", labstack, "raw, as handlers of Echo", inEcho(makeRaw)})
	_ = register(Peer{"echo-sse", labstack, "sse, as handlers of Echo", inEcho(makeSSE)})
	_ = register(Peer{"echo-poll", labstack, "poll, as handlers of Echo", inEcho(makePoll)})
)

// inEcho has a server's paths be Echo's.
func inEcho(make func(Options) (server, error)) func(Options) (server, error) {
	return func(o Options) (server, error) {
		s, err := make(o)
		e := echo.New()
		h := s.Handler
		for _, path := range []string{"/echo", "/news", "/poll"} {
			e.GET(path, func(c echo.Context) error {
				h.ServeHTTP(c.Response(), c.Request())
				return nil
			})
		}
		s.Handler = http.Handler(e)
		return s, err
	}
}
