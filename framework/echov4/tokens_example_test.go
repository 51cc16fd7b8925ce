package echov4_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/golang-jwt/jwt/v5"
	"github.com/labstack/echo/v4"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/echov4"
)

// identifyByToken says whose a token is: that of the page's auth option, or of a request's own header.
func identifyByToken(secret []byte) func(*http.Request) (framework.User, error) {
	return func(r *http.Request) (framework.User, error) {
		text, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		token, err := jwt.Parse(text, func(*jwt.Token) (any, error) { return secret, nil },
			jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
		switch {
		case errors.Is(err, jwt.ErrTokenExpired):
			return framework.User{}, framework.ErrExpired // the page fetches another one
		case err != nil:
			return framework.User{}, framework.Errorf(framework.CodeDenied, "no valid token")
		}
		name, err := token.Claims.GetSubject()
		if err != nil {
			return framework.User{}, err
		}
		expires, err := token.Claims.GetExpirationTime()
		if err != nil {
			return framework.User{}, err
		}
		return framework.User{ID: name, Name: name, Expires: expires.Time}, nil
	}
}

// The page of another origin has a token in its memory and no cookie.
func Example_token() {
	secret := []byte("a secret that is not in the program")
	rt, err := framework.New(framework.Config{
		Transports: all,
		Services:   []framework.Service{greeter()},
		Identify:   identifyByToken(secret),
		Origins:    []string{"https://app.example.com"},
	})
	if err != nil {
		panic(err)
	}
	defer rt.Close()

	e := echo.New()
	echov4.Mount(e.Group("/rt"), rt)
	srv := httptest.NewServer(e)
	defer srv.Close()
	for _, expires := range []time.Time{time.Now().Add(time.Hour), time.Now().Add(-time.Hour)} {
		claims := jwt.RegisteredClaims{Subject: "Ann", ExpiresAt: jwt.NewNumericDate(expires)}
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
		if err != nil {
			panic(err)
		}
		greet(srv.URL, http.Header{"Authorization": {"Bearer " + token}})
	}
	// Output:
	// hello Ann
	// refused
}

// identifyBySession says who has logged in, as a session of scs knows it.
func identifyBySession(sessions *scs.SessionManager) func(*http.Request) (framework.User, error) {
	return func(r *http.Request) (framework.User, error) {
		cookie, err := r.Cookie(sessions.Cookie.Name)
		if err != nil {
			return framework.User{}, framework.Errorf(framework.CodeDenied, "not logged in")
		}
		ctx, err := sessions.Load(r.Context(), cookie.Value)
		if err != nil {
			return framework.User{}, err
		}
		name := sessions.GetString(ctx, "name")
		if name == "" {
			return framework.User{}, framework.Errorf(framework.CodeDenied, "not logged in")
		}
		return framework.User{ID: name, Name: name, Expires: sessions.Deadline(ctx)}, nil
	}
}

// Users have logged in, and a cookie session of scs says so. Who logs out, is out everywhere.
func Example_logout() {
	sessions := scs.New()
	rt, err := framework.New(framework.Config{
		Transports: all,
		Services:   []framework.Service{greeter()},
		Identify:   identifyBySession(sessions),
	})
	if err != nil {
		panic(err)
	}
	defer rt.Close()

	e := echo.New()
	e.POST("/login", func(c echo.Context) error {
		sessions.Put(c.Request().Context(), "name", c.FormValue("name"))
		return c.NoContent(http.StatusNoContent)
	}, echo.WrapMiddleware(sessions.LoadAndSave))
	e.POST("/logout", func(c echo.Context) error {
		name := sessions.GetString(c.Request().Context(), "name")
		if err := sessions.Destroy(c.Request().Context()); err != nil { // first: nobody can connect by it any more
			return err
		}
		return rt.Do(c.Request().Context(), func(t *framework.Turn) error {
			return t.CloseUser(name, "logged out")
		})
	}, echo.WrapMiddleware(sessions.LoadAndSave))
	echov4.Mount(e.Group("/rt"), rt)

	srv := httptest.NewServer(e)
	defer srv.Close()
	login, err := http.PostForm(srv.URL+"/login", map[string][]string{"name": {"Bob"}})
	if err != nil {
		panic(err)
	}
	login.Body.Close()
	cookie := http.Header{"Cookie": {login.Cookies()[0].String()}}
	greet(srv.URL, cookie)

	logout, err := http.NewRequestWithContext(context.Background(), http.MethodPost, srv.URL+"/logout", nil)
	if err != nil {
		panic(err)
	}
	logout.Header = cookie
	done, err := http.DefaultClient.Do(logout)
	if err != nil {
		panic(err)
	}
	done.Body.Close()
	fmt.Println(done.Status)
	greet(srv.URL, cookie)
	// Output:
	// hello Bob
	// 200 OK
	// refused
}
