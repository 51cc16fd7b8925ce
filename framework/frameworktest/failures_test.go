package frameworktest_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
)

// failing is a test that fails, as it is meant to.
type failing struct {
	testing.TB
	said []string
	log  bytes.Buffer
}

func (f *failing) Output() io.Writer { return &f.log }

func (f *failing) Errorf(format string, args ...any) {
	f.said = append(f.said, fmt.Sprintf(format, args...))
}

func (f *failing) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

func (f *failing) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }

// Tests that must fail, and say why.
func TestFailuresAreSaid(t *testing.T) {
	start := func(t testing.TB) (ann, bob *frameworktest.Client) {
		rt := frameworktest.New(t, config)
		return rt.Connect(framework.User{ID: "ann"}), rt.Connect(framework.User{ID: "bob", Name: "Bob"})
	}
	for want, test := range map[string]func(t testing.TB){
		"ann calls chat.say(): client: invalid: say something": func(t testing.TB) {
			ann, _ := start(t)
			ann.Call("chat.say", "", nil)
		},
		`ann calls chat.say(hello): it succeeds, want an error "denied"`: func(t testing.TB) {
			ann, _ := start(t)
			ann.Fails("chat.say", "hello", framework.CodeDenied)
		},
		`ann calls chat.say(): client: invalid: say something, want an error "denied"`: func(t testing.TB) {
			ann, _ := start(t)
			ann.Fails("chat.say", "", framework.CodeDenied)
		},
		"Bob subscribes to attic/x: client: not_found: no topic attic here": func(t testing.TB) {
			_, bob := start(t)
			frameworktest.Topic[Line](bob, "attic/x")
		},
		"Bob's room/lobby: nothing came that was waited for; nothing ever came": func(t testing.TB) {
			_, bob := start(t)
			frameworktest.Topic[Line](bob, "room/lobby").Next()
		},
		"Bob's room/lobby: nothing came that was waited for; the last one that came is {From:ann Text:hello}": func(t testing.TB) {
			ann, bob := start(t)
			heard := frameworktest.Topic[Line](bob, "room/lobby")
			ann.Call("chat.say", "hello", nil)
			heard.Until(func(l Line) bool { return l.Text == "good-bye" })
		},
		"Bob's room/lobby: nothing came that was waited for; the last one, which was taken before, is {From:ann Text:hello}": func(t testing.TB) {
			ann, bob := start(t)
			heard := frameworktest.Topic[Line](bob, "room/lobby")
			ann.Call("chat.say", "hello", nil)
			heard.Next()
			heard.Next()
		},
		"Bob's room/lobby: {From:ann Text:hello} came, and nothing should": func(t testing.TB) {
			ann, bob := start(t)
			heard := frameworktest.Topic[Line](bob, "room/lobby")
			heard.None()
			ann.Send("chat.say", "hello")
			heard.None()
		},
		"Bob's room/lobby: client: payload: json: cannot unmarshal object into Go value of type int": func(t testing.TB) {
			ann, bob := start(t)
			heard := frameworktest.Topic[int](bob, "room/lobby")
			ann.Call("chat.say", "hello", nil)
			heard.None()
		},
		"ann's chat.notice: client: payload: json: cannot unmarshal string into Go value of type int": func(t testing.TB) {
			ann, _ := start(t)
			told := frameworktest.Events[int](ann, "chat.notice")
			ann.Call("chat.remind", time.Second, nil)
			time.Sleep(time.Minute)
			told.None()
		},
		"frameworktest: the program has an Identify of its own: Dial with what it wants to see": func(t testing.TB) {
			rt := frameworktest.New(t, framework.Config{Identify: func(*http.Request) (framework.User, error) { return framework.User{}, nil }})
			if _, err := rt.Dial(client.Options{}); err != nil {
				t.Error(err)
			}
			rt.Connect(framework.User{})
		},
		`framework: service 0: name "" is not a letter, then letters, digits and underscores`: func(t testing.TB) {
			frameworktest.New(t, framework.Config{Services: []framework.Service{{}}})
		},
		"Do: mine: on purpose": func(t testing.TB) {
			frameworktest.New(t, config).Do(func(*framework.Turn) error { return framework.Errorf("mine", "on purpose") })
		},
	} {
		t.Run(strings.ReplaceAll(want, "/", " "), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &failing{TB: t}
				over := make(chan struct{})
				go func() {
					defer close(over)
					test(f)
				}()
				<-over
				if len(f.said) != 1 || f.said[0] != want {
					t.Errorf("the test is told %q, want %q", f.said, want)
				}
			})
		})
	}
}
