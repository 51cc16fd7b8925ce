package echov4_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/echov4"
	"github.com/sojourn-go/sojourn/framework/ratelimit"
)

// Echo's rate limiter counts requests for all instances together, where the server keeps everything.
func Example_rateLimit() {
	rt, err := framework.New(framework.Config{Transports: all})
	if err != nil {
		panic(err)
	}
	defer rt.Close()

	e := echo.New()
	echov4.Mount(e.Group("/rt"), rt)
	e.IPExtractor = echo.ExtractIPDirect() // whom Echo counts for; behind a proxy it is another one
	limit := middleware.RateLimiter(ratelimit.NewStore(rt, ratelimit.Options{Name: "http", Rate: 1.0 / 3600, Burst: 2}))
	e.GET("/report", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }, limit)

	srv := httptest.NewServer(e)
	defer srv.Close()
	for range 3 {
		r, err := http.Get(srv.URL + "/report")
		if err != nil {
			panic(err)
		}
		r.Body.Close()
		fmt.Println(r.Status)
	}
	// Output:
	// 204 No Content
	// 204 No Content
	// 429 Too Many Requests
}
