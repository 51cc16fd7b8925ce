package framework_test

import (
	"fmt"
	"io"
	"net/http/httptest"
	"net/http"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

type line struct{ Room, Text string }

var rooms = &framework.Topic[line]{Name: "room", History: 50, Subscribe: framework.Anyone}
var people = &framework.State[map[string]int]{Name: "people", Subscribe: framework.Anyone}

func TestSmoke(t *testing.T) {
	rt, err := framework.New(framework.Config{
		Transports: []transports.Transport{ws.Transport{}, sse.Transport{}, longpoll.Transport{}},
		Services: []framework.Service{{Name: "chat", Methods: framework.Methods{
			"say": framework.Event(func(t *framework.Turn, in line) error { return rooms.Publish(t, in.Room, in) }),
			"add": framework.Call(func(t *framework.Turn, in []int) (int, error) { return in[0] + in[1], nil }),
			"enter": framework.Event(func(t *framework.Turn, name string) error {
				return people.Update(t, "lobby", func(m *map[string]int) error {
					if *m == nil {
						*m = map[string]int{}
					}
					(*m)[name]++
					return nil
				})
			}),
		}, Topics: []framework.Stream{rooms, people}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	srv := httptest.NewServer(rt)
	defer srv.Close()
	post := func(path, body string) string {
		r, err := http.Post(srv.URL+path, "text/plain", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(r.Body)
		fmt.Println(path, r.StatusCode, string(b))
		return string(b)
	}
	key := "AAAAAAAAAAAAAAAAAAAAAA"
	post("/rt/lp", `H{"v":1,"key":"`+key+`","c":1}`)
	post("/rt/up", "K"+key+",,0\nC1,chat.add|[1,2]\nS2,room/lobby\nC3,chat.say|{\"Room\":\"lobby\",\"Text\":\"hi\"}\nC4,chat.nope\nS5,people/lobby\nC6,chat.enter|\"ann\"\nC7,chat.enter|\"bob\"")
	post("/rt/lp", `H{"v":1,"key":"`+key+`","c":2,"cur":"0.x"}`)
	post("/rt/lp", `H{"v":1,"key":"`+key+`","c":3}`)
}
