package repl

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
)

// run runs commands through a pipe.
func run(t *testing.T, o Options, commands ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := Pipe(t.Context(), o, strings.NewReader(strings.Join(commands, "\n")), &out)
	return plain(out.String()), err
}

func TestPipePrintsResultsAndNothingElse(t *testing.T) {
	out, err := run(t, serve(t, "ws"), `chat.enter {"Room":"lobby","Name":"ann"}`, "", "# a remark", "quit", "nothing")
	if want := "{\"Guests\":1}\n# ok, TIME\n"; err != nil || out != want {
		t.Errorf("%q, %v, want %q", out, err, want)
	}
}

func TestPipeFailsIfOneCommandFailed(t *testing.T) {
	for failing, why := range map[string]string{
		`chat.say {}`:  "! invalid: say something (TIME)\n",
		"nothing":      "! no command \"nothing\": help lists them\n",
		`chat.say {"`:  "! payload: invalid character '\\n' in string literal; bytes are written as @file, hex:00ff or base64:AP8=\n",
		"use pigeon":   "! no transport \"pigeon\"\n",
		"wait nothing": "! nothing of nothing within 1ns\n",
	} {
		o := serve(t, "ws")
		if strings.HasPrefix(failing, "wait") {
			o.Timeout = 1
		}
		if out, err := run(t, o, failing, "# goes on"); !errors.Is(err, ErrFailed) || out != why {
			t.Errorf("%s: %q, %v, want %q", failing, out, err, why)
		}
	}
}

func TestPipeEndsInTheMiddleOfJSON(t *testing.T) {
	out, err := run(t, serve(t, "ws"), `chat.say {`, `"Text":`)
	if want := "! payload: the JSON is not complete\n"; !errors.Is(err, ErrFailed) || out != want {
		t.Errorf("%q, %v, want %q", out, err, want)
	}
}

func TestWaitIsForOneOfWhatCame(t *testing.T) {
	for _, transport := range []string{"ws", "sse", "longpoll"} {
		out, err := run(t, serve(t, transport), "subscribe room/lobby", `chat.say {"Text":"1"}`, `chat.say {"Text":"2"}`, "wait room/lobby", "wait room/lobby",
			`shop.order {"Sum":7}`, "wait shop.confirm", "answer 1 true", "wait shop.notice")
		var came []string
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, "<") {
				came = append(came, line)
			}
		}
		want := `< room/lobby {"From":"","Text":"1"}` + "\n" + `< room/lobby {"From":"","Text":"2"}` + "\n" + `< shop.confirm {"Sum":7} (question 1)` + "\n" + `< shop.notice "sold"` + "\n"
		if strings.Join(came, "") != want || err != nil {
			t.Errorf("over %s: %s%v, want\n%s", transport, out, err, want)
		}
	}
}

func TestUseGoesOnOverAnotherTransport(t *testing.T) {
	for _, from := range []string{"ws", "sse", "longpoll"} {
		for _, to := range []string{"ws", "sse", "longpoll"} {
			if from == to {
				continue
			}
			out, err := run(t, serve(t, from), "subscribe room/lobby", "use "+to, "wait transport", `chat.say {"Text":"hi"}`, "wait room/lobby", "status")
			for _, want := range []string{"< transport " + to, `< room/lobby {"From":"","Text":"hi"}`, "URL, " + to + ", socket ID"} {
				if !strings.Contains(out, want) || err != nil {
					t.Errorf("from %s: %s%v, want %q", from, out, err, want)
				}
			}
		}
	}
}

func TestDiscoveryThatIsOff(t *testing.T) {
	o, _ := serveWith(t, framework.Config{Services: services}, "ws")
	out, err := run(t, o, "discover")
	if want := "! the server does not tell its services: Config.Discover is off (TIME)\n"; !errors.Is(err, ErrFailed) || out != want {
		t.Errorf("%q, %v", out, err)
	}
}

// A pipe that says nothing more is not waited for when there is nobody left to talk with.
func TestConversationThatEndsEndsThePipe(t *testing.T) {
	o, server := serveWith(t, framework.Config{Services: services}, "ws")
	socket := make(chan string, 1)
	dial := o.Dial
	o.Dial = func(ctx context.Context, options client.Options) (*client.Client, error) {
		c, err := dial(ctx, options)
		if err == nil {
			socket <- c.ID()
		}
		return c, err
	}
	r, w := io.Pipe()
	defer w.Close()
	var out bytes.Buffer
	ended := make(chan error)
	go func() { ended <- Pipe(t.Context(), o, r, &out) }()
	id := <-socket
	err := server.Do(t.Context(), func(turn *framework.Turn) error { return turn.Close(id, "enough") })
	if err != nil {
		t.Fatal(err)
	}
	err = <-ended
	closed, ok := errors.AsType[*protocol.Close](err)
	if !ok || !strings.Contains(closed.Error(), "enough") || !errors.Is(err, errEnded) {
		t.Errorf("%v", err)
	}
}

func TestNobodyToTalkWith(t *testing.T) {
	broken := errors.New("nobody is there")
	_, err := run(t, Options{Dial: func(context.Context, client.Options) (*client.Client, error) { return nil, broken }}, "status")
	if !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}
