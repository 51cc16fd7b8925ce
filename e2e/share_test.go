package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/internal/nodetest"
	"github.com/sojourn-go/sojourn/internal/tsc"
)

// A service in a module of its own, as docs/share-a-service.md has it: its own tests find nothing wrong, and a program in another module, that
// of the tutorial, has both halves by listing it.
func TestSharedService(t *testing.T) {
	t.Parallel()
	nodetest.Find(t)
	js, err := filepath.Abs("../client/js")
	if err != nil {
		t.Fatal(err)
	}
	const page = "share-a-service.md"
	maker := newReader(t, "npm install sojourn-client", "mkdir node_modules && ln -s "+js+" node_modules/sojourn-client")
	maker.does(page, "Its module")
	maker.does(page, "Its tests")
	t.Run("types", func(t *testing.T) {
		if out, ok := tsc.Run(t, maker.dir, "--allowJs", "--checkJs", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "client.js"); !ok {
			t.Error(out)
		}
	})

	user := newReader(t, "go get example.com/likes", "go mod edit -replace=example.com/likes="+maker.dir)
	user.does("tutorial.md", "The instance's half")
	user.does("tutorial.md", "The page's half")
	user.does(page, "In a program")
	user.does("tutorial.md", "Run it")
	user.starts()
	url := "http://" + user.addr
	appHasLikes(t, url+"/rt/app.js")
	likedByClient(t, url+"/rt")
	ann, bob := visit(t, "Ann", url+"/likes.html"), visit(t, "Bob", url+"/likes.html")
	seesLikes(ann, 1)
	seesLikes(bob, 1)
	ann.do(chromedp.Click(chromedp.CSS("#milk")))
	seesLikes(ann, 2)
	seesLikes(bob, 2)
}

func appHasLikes(t *testing.T, url string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	app, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(app), "server.like(what)") {
		t.Errorf("app.js does not have the client half: %v\n%s", err, app)
	}
}

// likedByClient likes milk, and sees that it does.
func likedByClient(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := client.Dial(ctx, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abandon()
	if err := c.Call(ctx, "likes.like", "milk", nil); err != nil {
		t.Fatal(err)
	}
	counts := make(chan string, 1)
	if _, err := c.State(ctx, "likes/milk", func(value json.RawMessage) { counts <- string(value) }); err != nil {
		t.Fatal(err)
	}
	select {
	case count := <-counts:
		if count != "1" {
			t.Errorf("%s like milk", count)
		}
	case <-ctx.Done():
		t.Error("nobody says how many like milk")
	}
}

func seesLikes(p *tab, n int) {
	p.t.Helper()
	until(p.t, func() string {
		got, err := evaluate[string](p, `$('#milk').textContent`)
		if want := fmt.Sprintf("%d like milk", n); err != nil || got != want {
			return fmt.Sprintf("%s sees %q, not %q: %v", p.name, got, want, err)
		}
		return ""
	})
}
