package echov4_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/echov4"
)

// However a program finds the token, its end is heard: half a minute before, the client is asked for another one, and without one the connection ends then.
func TestConnectionsEndWithTheirToken(t *testing.T) {
	secret := []byte("a secret that is not in the program")
	for how, row := range map[string]struct {
		identify   func(*http.Request) (framework.User, error)
		middleware []echo.MiddlewareFunc
	}{
		"by itself":       {identifyByToken(secret), nil},
		"behind echo-jwt": {identifyBehindJWT, []echo.MiddlewareFunc{echojwt.JWT(secret)}},
	} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt, err := framework.New(framework.Config{Transports: all, Identify: row.identify, Log: slog.New(slog.DiscardHandler)})
				if err != nil {
					t.Fatal(err)
				}
				defer rt.Close()
				e := echo.New()
				echov4.Mount(e.Group("/rt", row.middleware...), rt)
				stream := func(claims jwt.RegisteredClaims) string { // until it ends
					token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
					if err != nil {
						t.Fatal(err)
					}
					r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/rt/sse", strings.NewReader(`H{"v":1,"key":"AAAAAAAAAAAAAAAAAAAAAA","c":1}`))
					r.Header.Set("Authorization", "Bearer "+token)
					rw := httptest.NewRecorder()
					e.ServeHTTP(rw, r)
					return rw.Body.String()
				}
				begun := time.Now()
				text := stream(jwt.RegisteredClaims{Subject: "Ann", ExpiresAt: jwt.NewNumericDate(begun.Add(2 * time.Minute))})
				if passed := time.Since(begun); passed != 2*time.Minute || !strings.Contains(text, "data: k30000\n") || !strings.Contains(text, "data: z4014,") {
					t.Errorf("after %v the stream had %q", passed, text)
				}
				if text := stream(jwt.RegisteredClaims{Subject: "Ann"}); !strings.HasPrefix(text, "z4002,") {
					t.Errorf("a token without an end: %q", text)
				}
			})
		})
	}
}
