package echov4_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/gorilla/sessions"
	"github.com/labstack/echo-contrib/session"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/echov4"
)

// identifyBehindJWT says whose the token is that echo-jwt has checked, and until when it is good.
func identifyBehindJWT(r *http.Request) (framework.User, error) {
	token, ok := echov4.Context(r).Get("user").(*jwt.Token)
	if !ok {
		return framework.User{}, framework.Errorf(framework.CodeDenied, "no token")
	}
	name, err := token.Claims.GetSubject()
	if err != nil {
		return framework.User{}, err
	}
	expires, err := token.Claims.GetExpirationTime()
	if err != nil || expires == nil { // the middleware lets tokens without an end pass
		return framework.User{}, framework.Errorf(framework.CodeDenied, "a token without an end")
	}
	return framework.User{ID: name, Name: name, Expires: expires.Time}, nil
}

// Users prove who they are by a JSON Web Token, which echo-jwt checks before the server is reached. Browsers send it as a cookie, since
// they cannot set a header on a WebSocket; other clients as a header.
func Example_jwt() {
	secret := []byte("a secret that is not in the program")
	rt, err := framework.New(framework.Config{
		Transports: all,
		Services:   []framework.Service{greeter()},
		Identify:   identifyBehindJWT,
	})
	if err != nil {
		panic(err)
	}
	defer rt.Close()

	e := echo.New()
	group := e.Group("/rt", echojwt.WithConfig(echojwt.Config{
		SigningKey:  secret,
		TokenLookup: "header:Authorization:Bearer ,cookie:token",
	}))
	echov4.Mount(group, rt)

	srv := httptest.NewServer(e)
	defer srv.Close()
	claims := jwt.RegisteredClaims{Subject: "Ann", ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour))}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
	if err != nil {
		panic(err)
	}
	greet(srv.URL, http.Header{"Cookie": {"token=" + token}})
	greet(srv.URL, nil)
	// Output:
	// hello Ann
	// refused
}

// Users have logged in, and a cookie session of gorilla/sessions says so.
func Example_cookieSession() {
	rt, err := framework.New(framework.Config{
		Transports: all,
		Services:   []framework.Service{greeter()},
		Identify: func(r *http.Request) (framework.User, error) {
			s, err := session.Get("login", echov4.Context(r))
			if err != nil {
				return framework.User{}, err
			}
			name, ok := s.Values["name"].(string)
			if !ok {
				return framework.User{}, framework.Errorf(framework.CodeDenied, "not logged in")
			}
			return framework.User{ID: name, Name: name}, nil
		},
	})
	if err != nil {
		panic(err)
	}
	defer rt.Close()

	e := echo.New()
	e.Use(session.Middleware(sessions.NewCookieStore([]byte("a secret that is not in the program"))))
	e.POST("/login", func(c echo.Context) error {
		s, err := session.Get("login", c)
		if err != nil {
			return err
		}
		s.Values["name"] = c.FormValue("name")
		return s.Save(c.Request(), c.Response())
	})
	echov4.Mount(e.Group("/rt"), rt)

	srv := httptest.NewServer(e)
	defer srv.Close()
	login, err := http.PostForm(srv.URL+"/login", map[string][]string{"name": {"Bob"}})
	if err != nil {
		panic(err)
	}
	login.Body.Close()
	greet(srv.URL, http.Header{"Cookie": {login.Cookies()[0].String()}})
	greet(srv.URL, nil)
	// Output:
	// hello Bob
	// refused
}

// greet connects a client and has itself greeted.
func greet(url string, header http.Header) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c, err := client.Dial(ctx, url+"/rt", &client.Options{Header: header, Transports: []string{"ws"}, Reconnect: client.Reconnect{Attempts: 1}})
	if err != nil {
		fmt.Println("refused")
		return
	}
	defer c.Close(ctx)
	var text string
	if err := c.Call(ctx, "greet.me", nil, &text); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(text)
}
