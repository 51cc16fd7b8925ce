package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// rebuilt is the chat in another build.
var rebuilt = built("rebuilt", "examples/chat", "-ldflags=-s")

// draft is a page with a field in which somebody has begun to write.
type draft struct {
	*tab
	field string // a selector
}

// begins to write something.
func (p draft) begins() {
	p.t.Helper()
	p.run(`window.stays = true; $(%q).value = 'half a thought'`, p.field)
}

// is waits for a value of the page; whether it is still the same page, and what is written there, it says with it.
func (p draft) is(script, want string) {
	p.t.Helper()
	until(p.t, func() string {
		got, err := evaluate[string](p.tab, fmt.Sprintf("document.readyState === 'complete' ? [%s, window.stays ? 'same page' : 'reloaded', $(%q).value].join('; ') : ''", script, p.field))
		if got == want {
			return ""
		}
		return fmt.Sprintf("the page has %q, want %q: %v", got, want, err)
	})
}

// A page that is open follows the files that it is made of, and the program.
func TestPagesReloadInDevelopment(t *testing.T) {
	t.Parallel()
	page := t.TempDir()
	if err := os.CopyFS(page, os.DirFS("../examples/chat/page")); err != nil {
		t.Fatal(err)
	}
	c := startChat(t, "memory", 0, nil)
	c.args = []string{"-dev", page}
	old := c.add()
	ann := draft{visit(t, "Ann", c.URL).enter(), "#text"} // by then she has looked
	ann.begins()
	appendTo(t, filepath.Join(page, "chat.css"), "#title { color: rgb(1, 2, 3) }\n")
	ann.is("getComputedStyle($('#title')).color", "rgb(1, 2, 3); same page; half a thought")
	ann.is("document.querySelectorAll('link[rel=stylesheet]').length", "1; same page; half a thought")

	appendTo(t, filepath.Join(page, "typing.js"), "document.body.dataset.edited = 'yes'\n")
	ann.is("document.body.dataset.edited", "yes; reloaded; half a thought")
	ann.entered()

	ann.begins()
	c.terminate(old)
	old = c.add()
	appendTo(t, filepath.Join(page, "chat.css"), "#title { color: rgb(4, 5, 6) }\n")
	ann.is("getComputedStyle($('#title')).color", "rgb(4, 5, 6); same page; half a thought") // so the new process was asked

	c.terminate(old)
	c.binary = rebuilt
	c.add()
	ann.is("1", "1; reloaded; half a thought")
	ann.entered()
}

// So does the page of the to-dos, whose files are in two directories; and it keeps what somebody has begun to write.
func TestTodoReloadsInDevelopment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../examples/todo")); err != nil {
		t.Fatal(err)
	}
	c := start(t, todo, "memory", 0, nil)
	c.args = []string{"-dev", dir}
	c.add()
	page := logIn(t, "Ann", c.URL, "")
	here := func() {
		t.Helper()
		page.sees("herself", func(v paper) bool { return slices.Equal(v.People, []string{"Ann"}) }) // by then she has looked
	}
	here()
	ann := draft{page.tab, "#new-list"}
	ann.begins()
	appendTo(t, filepath.Join(dir, "page", "todo.css"), "#title { color: rgb(1, 2, 3) }\n")
	ann.is("getComputedStyle($('#title')).color", "rgb(1, 2, 3); same page; half a thought")

	appendTo(t, filepath.Join(dir, "page", "rows.js"), "document.body.dataset.page = 'edited'\n")
	ann.is("document.body.dataset.page", "edited; reloaded; half a thought")
	here()

	ann.begins()
	appendTo(t, filepath.Join(dir, "items", "client.js"), "globalThis.half = 'edited'\n")
	ann.is("window.half", "edited; reloaded; half a thought")
	here()
}

// A page whose half no browser could read goes on with the half from before, and so finds out that it is mended.
func TestPagesReloadWhenAHalfIsMended(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../examples/todo")); err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(dir, "items", "client.js")
	right, err := os.ReadFile(half)
	if err != nil {
		t.Fatal(err)
	}
	c := start(t, todo, "memory", 0, nil)
	c.args = []string{"-dev", dir}
	c.add()
	ann := logIn(t, "Ann", c.URL, "")
	ann.makes("Garden")
	ann.adds("a spade")
	ann.shows("a spade") // by then the page has looked
	// becomes changes the half, and waits until the page has been loaded again.
	becomes := func(text, want string) {
		t.Helper()
		ann.run(`window.stays = true`)
		next := filepath.Join(t.TempDir(), "client.js") // nobody sees half of a half
		if err := errors.Join(os.WriteFile(next, []byte(text), 0o600), os.Rename(next, half)); err != nil {
			t.Fatal(err)
		}
		until(t, func() string {
			got, err := evaluate[string](ann.tab, "document.readyState === 'complete' && !window.stays ? [document.body.dataset.link, document.body.dataset.half].join() : ''")
			if got == "up,"+want {
				return ""
			}
			return fmt.Sprintf("the page has %q, want the half %q: %v", got, want, err)
		})
	}
	of := func(name string) string { return fmt.Sprintf("%sdocument.body.dataset.half = '%s'\n", right, name) }

	becomes(of("first"), "first")
	becomes(of("second")+"}\n", "first")
	becomes(of("third"), "third")
	ann.opens("Garden")
	ann.shows("a spade")
}

// appendTo adds to a file.
func appendTo(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(text)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}
