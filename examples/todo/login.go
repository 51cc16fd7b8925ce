package main

import (
	"io/fs"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/echov4"
)

// Login is what is known of a browser's session. Plain requests read it, and identify, by whom the turns of the services have it as their user. There are no passwords
// here: who logs in is who he says.
type Login struct {
	Name string `json:"name"`
}

var logins = &framework.State[Login]{Name: "~login"} // by session

// program is the todo as Echo serves it.
type program struct{ rt *framework.Server }

// login returns what is known of the request's session.
func (p *program) login(w http.ResponseWriter, r *http.Request) (in Login, err error) {
	err = p.rt.Do(r.Context(), func(t *framework.Turn) error {
		in, err = logins.Get(t, p.rt.Session(w, r))
		return err
	})
	return in, err
}

// identify says who is connecting.
func (p *program) identify(r *http.Request) (framework.User, error) {
	in, err := p.login(echov4.Context(r).Response(), r)
	switch {
	case err != nil:
		return framework.User{}, err
	case in.Name == "":
		return framework.User{}, framework.Errorf(framework.CodeDenied, "log in first")
	}
	return framework.User{ID: strings.ToLower(in.Name), Name: in.Name}, nil
}

// front serves the page to those who have logged in.
func (p *program) front(page fs.FS) echo.HandlerFunc {
	return func(c echo.Context) error {
		in, err := p.login(c.Response(), c.Request())
		if err != nil {
			return err
		}
		c.Response().Header().Set("Cache-Control", "no-store") // after a log-out it is another one
		if in.Name == "" {
			return c.Redirect(http.StatusSeeOther, "login.html")
		}
		http.ServeFileFS(c.Response(), c.Request(), page, "todo.html")
		return nil
	}
}

func (p *program) logIn(c echo.Context) error {
	name, err := checkLength(strings.Join(strings.Fields(c.FormValue("name")), " "), maxName)
	if err != nil {
		return c.Redirect(http.StatusSeeOther, "login.html")
	}
	if err := p.set(c, Login{Name: name}); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "./")
}

// logOut ends the browser's sockets too, on whatever instance they are held.
func (p *program) logOut(c echo.Context) error {
	if err := p.set(c, Login{}); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "login.html")
}

func (p *program) set(c echo.Context, to Login) error {
	id := p.rt.Session(c.Response(), c.Request())
	return p.rt.Do(c.Request().Context(), func(t *framework.Turn) error {
		if err := logins.Update(t, id, func(in *Login) error { *in = to; return nil }); err != nil {
			return err
		}
		return t.CloseSession(id, "logged out") // or logged in as somebody else
	})
}
