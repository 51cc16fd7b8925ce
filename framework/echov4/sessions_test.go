package echov4_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/echov4"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
)

var carts = &framework.State[[]string]{Name: "carts", Subscribe: framework.OwnSession}

func put(t *framework.Turn, session, thing string) error {
	return carts.Update(t, session, func(cart *[]string) error { *cart = append(*cart, thing); return nil })
}

// putByCall is a method: a page calls it.
func putByCall(t *framework.Turn, thing string) error { return put(t, t.SessionID(), thing) }

// putByForm is a plain handler: a form posts to it.
func putByForm(rt *framework.Server) echo.HandlerFunc {
	return func(c echo.Context) error {
		session := rt.Session(c.Response(), c.Request())
		err := rt.Do(c.Request().Context(), func(t *framework.Turn) error { return put(t, session, c.FormValue("thing")) })
		if err != nil {
			return err
		}
		return c.Redirect(http.StatusSeeOther, "./")
	}
}

// page is a plain handler that reads: what it answers has the cart in it.
func page(rt *framework.Server) echo.HandlerFunc {
	return func(c echo.Context) error {
		session := rt.Session(c.Response(), c.Request())
		var cart []string
		err := rt.Do(c.Request().Context(), func(t *framework.Turn) (err error) {
			cart, err = carts.Get(t, session)
			return err
		})
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, cart)
	}
}

// shop starts an instance of a program with a cart for each browser, and returns its URL.
func shop(t *testing.T, shared store.Store) string {
	rt, err := framework.New(framework.Config{
		Transports: all, Store: shared, Log: slog.New(slog.DiscardHandler),
		Services: []framework.Service{{Name: "shop", Topics: []framework.Stream{carts}, Methods: framework.Methods{
			"put":     framework.Event(putByCall),
			"session": framework.Call(func(t *framework.Turn, _ any) (string, error) { return t.SessionID(), nil }),
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.GET("/", page(rt))
	e.POST("/put", putByForm(rt))
	echov4.Mount(e.Group("/rt"), rt)
	srv := httptest.NewServer(e)
	t.Cleanup(func() {
		rt.Close()
		srv.Close()
	})
	return srv.URL
}

// A browser's session has one state: what a plain handler of Echo's writes, on any instance, the turns of its tabs read and their pages are told, and the other way round. It begins with
// whichever comes first. Another browser's is another.
func TestSessionIsSharedWithEcho(t *testing.T) {
	for _, transport := range []string{"ws", "sse", "longpoll"} {
		t.Run(transport, func(t *testing.T) {
			shared := memory.New(memory.Options{})
			t.Cleanup(func() { shared.Close() })
			here, there := shop(t, shared), shop(t, shared)
			ann, bob := newBrowser(t), newBrowser(t)
			ann.has(`["tea"]`, ann.post(there+"/put", "tea"))
			tab := dial(t, here+"/rt", transport, client.Options{HTTPClient: ann.Client})
			told := make(chan json.RawMessage, 10)
			if _, err := tab.State(t.Context(), "carts/"+sessionOf(t, tab), func(cart json.RawMessage) { told <- cart }); err != nil {
				t.Fatal(err)
			}
			ann.has(`["tea"]`, next(t, told))
			if err := tab.Call(t.Context(), "shop.put", "cake", nil); err != nil {
				t.Fatal(err)
			}
			ann.has(`["tea","cake"]`, next(t, told))
			ann.has(`["tea","cake"]`, ann.get(there))
			ann.has(`["tea","cake","milk"]`, ann.post(here+"/put", "milk"))
			ann.has(`["tea","cake","milk"]`, next(t, told))

			other := dial(t, there+"/rt", transport, client.Options{HTTPClient: bob.Client})
			bob.has(`null`, bob.get(here))
			if err := other.Call(t.Context(), "shop.put", "soap", nil); err != nil {
				t.Fatal(err)
			}
			bob.has(`["soap"]`, bob.get(here))
			if _, err := other.Subscribe(t.Context(), "carts/"+sessionOf(t, tab), func(client.Entry) {}); client.CodeOf(err) != framework.CodeDenied {
				t.Errorf("the cart of another browser: %v", err)
			}
			ann.has(`["tea","cake","milk"]`, ann.get(there))
		})
	}
}

func next(t *testing.T, told <-chan json.RawMessage) (cart json.RawMessage) {
	t.Helper()
	select {
	case cart = <-told:
	case <-time.After(10 * time.Second):
		t.Fatal("the page is told nothing")
	}
	return cart
}

func sessionOf(t *testing.T, c *client.Client) (id string) {
	if err := c.Call(t.Context(), "shop.session", nil, &id); err != nil {
		t.Fatal(err)
	}
	return id
}

// browser is what keeps cookies, for its pages and their sockets.
type browser struct {
	*http.Client
	t *testing.T
}

func newBrowser(t *testing.T) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{&http.Client{Jar: jar, Transport: &http.Transport{}}, t}
	t.Cleanup(b.CloseIdleConnections)
	return b
}

func (b *browser) get(address string) json.RawMessage { return b.body(b.Get(address)) }

func (b *browser) post(address, thing string) json.RawMessage {
	return b.body(b.PostForm(address, url.Values{"thing": {thing}}))
}

func (b *browser) body(r *http.Response, err error) (cart json.RawMessage) {
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(&cart); err != nil {
		b.t.Fatal(err)
	}
	return cart
}

func (b *browser) has(want string, cart json.RawMessage) {
	b.t.Helper()
	if string(cart) != want {
		b.t.Errorf("the cart is %s, want %s", cart, want)
	}
}
