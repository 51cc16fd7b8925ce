package repl

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
)

func TestNewsOfAPipeWaitForTheCommand(t *testing.T) {
	for holds, want := range map[bool]string{true: "result\n< room/1 a\n< room/1 b\n", false: "< room/1 a\n< room/1 b\nresult\n"} {
		var out bytes.Buffer
		p := newPrinter(&out)
		p.holds = holds
		p.begin()
		p.tell("room/1", "a")
		p.tell("room/1", "b")
		p.say("result")
		p.end()
		if out.String() != want {
			t.Errorf("holds %v: %q, want %q", holds, out.String(), want)
		}
	}
}

func TestNewsThatWaitAreBounded(t *testing.T) {
	var out bytes.Buffer
	p := newPrinter(&out)
	p.holds = true
	p.begin()
	var want strings.Builder
	for i := range maxHeld + 10 {
		p.tell("room/1", fmt.Sprint(i))
		fmt.Fprintf(&want, "< room/1 %d\n", i)
	}
	if len(p.held) > maxHeld || out.String() != want.String() {
		t.Errorf("%d are held, %d bytes are printed, want %d", len(p.held), out.Len(), want.Len())
	}
}

func TestWaitEnds(t *testing.T) {
	p := newPrinter(new(bytes.Buffer))
	p.tell("room/1", "a")
	if err := p.wait(t.Context(), "room/1"); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errInterrupted)
	if err := p.wait(ctx, "room/1"); err != errInterrupted {
		t.Errorf("%v, want %v: it is waited for already", err, errInterrupted)
	}
}

// A server must not have the terminal do something.
func TestControlCharactersAreNotPrinted(t *testing.T) {
	var out bytes.Buffer
	newPrinter(&out).tell("room/\x1b[2J", "a\r\nb\tc\u009b\u202e\U000e0001 grüße 🙂")
	if got, want := out.String(), `< room/\u001b[2J a\u000d\u000ab\u0009c\u009b\u202e\udb40\udc01 grüße 🙂`+"\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestNobodyIsToldOfTheGoodbye(t *testing.T) {
	var out bytes.Buffer
	p := newPrinter(&out)
	p.hush()
	p.tell("people/lobby", "gone")
	if out.Len() > 0 {
		t.Errorf("%q", out.String())
	}
}
