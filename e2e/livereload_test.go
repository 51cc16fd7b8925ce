package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// rebuilt is the chat in another build.
var rebuilt = built("rebuilt", "examples/chat", "-ldflags=-s")

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
	ann := visit(t, "Ann", c.URL).enter() // by then she has looked
	stays := func() {
		t.Helper()
		ann.run(`window.stays = true; $('#text').value = 'half a thought'`)
	}
	// is waits for a value of the page; whether it is still the same page, it says with it.
	is := func(script, want string) {
		t.Helper()
		until(t, func() string {
			got, err := evaluate[string](ann, fmt.Sprintf("document.readyState === 'complete' ? [%s, window.stays ? 'same page' : 'reloaded', $('#text').value].join('; ') : ''", script))
			if got == want {
				return ""
			}
			return fmt.Sprintf("the page has %q, want %q: %v", got, want, err)
		})
	}

	stays()
	appendTo(t, filepath.Join(page, "chat.css"), "#title { color: rgb(1, 2, 3) }\n")
	is("getComputedStyle($('#title')).color", "rgb(1, 2, 3); same page; half a thought")
	is("document.querySelectorAll('link[rel=stylesheet]').length", "1; same page; half a thought")

	appendTo(t, filepath.Join(page, "typing.js"), "document.body.dataset.edited = 'yes'\n")
	is("document.body.dataset.edited", "yes; reloaded; ")
	ann.entered()

	stays()
	c.terminate(old)
	old = c.add()
	appendTo(t, filepath.Join(page, "chat.css"), "#title { color: rgb(4, 5, 6) }\n")
	is("getComputedStyle($('#title')).color", "rgb(4, 5, 6); same page; half a thought") // so the new process was asked

	c.terminate(old)
	c.binary = rebuilt
	c.add()
	is("1", "1; reloaded; ")
	ann.entered()
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
