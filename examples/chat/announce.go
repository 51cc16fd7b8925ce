package main

import (
	"context"
	"crypto/subtle"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/sojourn-go/sojourn/framework"
)

// announce says something in a room, in nobody's name. It is for the program's own code: a handler of Echo's, a job, on any instance.
func announce(ctx context.Context, rt *framework.Server, room, text string) error {
	if err := checkRoom(room); err != nil {
		return err
	}
	return rt.Do(ctx, func(t *framework.Turn) error { return publish(t, room, Line{Text: text}) })
}

// announcements takes what is to be announced, from who has the token. (An address would prove nothing: behind a proxy everybody has the proxy's.)
//
//	curl -H 'Authorization: Bearer TOKEN' -d room=lobby -d text='We close at ten.' http://localhost:8080/announce
func announcements(e *echo.Echo, rt *framework.Server, token string) {
	e.POST("/announce", func(c echo.Context) error {
		err := announce(c.Request().Context(), rt, c.FormValue("room"), c.FormValue("text"))
		if framework.CodeOf(err) == framework.CodeInvalid {
			return echo.NewHTTPError(http.StatusBadRequest, err.Error())
		}
		if err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	}, middleware.KeyAuth(func(key string, _ echo.Context) (bool, error) {
		return subtle.ConstantTimeCompare([]byte(key), []byte(token)) == 1, nil
	}))
}
