package framework_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
)

// Whatever happens to connections, instances and the store, what a subscriber of a state has is what the server had at that version; and the server has what its
// turns did to it. A State and two Maps, to which the same is done, agree.
func TestStatesAgree(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			everywhere(t, func(w *world) { agree(w, seed) })
		})
	}
}

func agree(w *world, seed uint64) {
	s := &agreement{
		world: w, random: rand.New(rand.NewPCG(seed, 4)), store: w.open(),
		model: map[string]part{}, versions: map[string]map[string]any{"whole/k": {}, "parts/k": {}, "paced/k": {}},
	}
	w.Cleanup(func() { closeUnshared(s.store) })
	w.run(2, framework.Service{Name: "s", Topics: []framework.Stream{whole, parts, paced}})
	s.record()
	s.subscribe()
	for range 150 {
		s.step()
	}
	s.change()
	s.settle()
	for _, sub := range s.subscribers {
		sub.check(s)
	}
}

// part is what a field holds: things in things, which patches must take away again.
type part struct {
	N    int             `json:"n,omitempty"`
	Text string          `json:"text,omitempty"`
	In   map[string]part `json:"in,omitempty"`
	List []int           `json:"list,omitempty"`
}

var (
	whole = &framework.State[map[string]part]{Name: "whole", Subscribe: framework.Anyone, Keep: 4, TTL: time.Minute}
	parts = &framework.Map[part]{Name: "parts", Subscribe: framework.Anyone, Keep: 4, TTL: time.Minute}
	paced = &framework.Map[part]{Name: "paced", Subscribe: framework.Anyone, Keep: 4, TTL: time.Minute, Every: time.Millisecond}
)

// agreement is one run of the test.
type agreement struct {
	*world
	random   *rand.Rand
	store    store.Store
	model    map[string]part
	versions map[string]map[string]any // of each topic: its value by the cursor

	subscribers []*subscriber
}

// step does something.
func (s *agreement) step() {
	switch n := s.random.IntN(40); {
	case n == 0:
		s.kill(s.any())
		s.start()
	case n <= 3:
		s.cut()
	case n == 4: // more changes than are kept pass by
		s.away.Store(true)
		s.cut()
		for range 6 {
			s.change()
		}
		s.away.Store(false)
	case n == 5:
		s.advance(61 * time.Second) // perhaps nobody watches
		s.cut()
		s.forget()
	case n == 6 && s.transport != "longpoll": // a poll's own attach, and what it said of cursors, would be taken back too
		s.rewind()
	case n == 8 && len(s.subscribers) < 4:
		s.subscribe()
	case n < 16:
		s.change()
		s.settle()
	default:
		s.change()
	}
}

// rewind has the store lose what everybody has seen already, if it can.
func (s *agreement) rewind() {
	m, ok := s.store.(*memory.Store)
	if !ok {
		return
	}
	s.change()
	s.settle()
	mark, model := m.Mark(), s.model
	s.change()
	s.settle()
	m.Rewind(mark)
	s.model = model
	if s.random.IntN(2) == 0 {
		s.cut()
	}
	s.change()
	s.settle()
}

// change runs a turn that sets and removes some fields.
func (s *agreement) change() {
	after := maps.Clone(s.model)
	for range 1 + s.random.IntN(3) {
		name := fmt.Sprint("f", s.random.IntN(5))
		if s.random.IntN(3) == 0 {
			delete(after, name)
		} else {
			after[name] = s.part(0)
		}
	}
	s.do(s.any(), func(t *framework.Turn) error {
		err := whole.Update(t, "k", func(v *map[string]part) error {
			if !reflect.DeepEqual(*v, s.model) && len(*v)+len(s.model) > 0 {
				s.Errorf("the state is %v, want %v", *v, s.model)
			}
			*v = after
			return nil
		})
		return errors.Join(err, s.changeMap(t, parts, after), s.changeMap(t, paced, after))
	})
	s.model = after
	s.record()
}

// changeMap makes a map what it is to be after the turn, field by field.
func (s *agreement) changeMap(t *framework.Turn, m *framework.Map[part], after map[string]part) error {
	var err error
	if s.random.IntN(2) == 0 { // else fields are read, and guarded, one by one
		var all map[string]part
		if all, err = m.All(t, "k"); err == nil && !reflect.DeepEqual(all, s.model) {
			s.Errorf("the map is %v, want %v", all, s.model)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.model)) {
		if _, stays := after[name]; !stays {
			err = errors.Join(err, m.Delete(t, "k", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		err = errors.Join(err, m.Update(t, "k", name, func(p *part) error {
			if !reflect.DeepEqual(*p, s.model[name]) {
				s.Errorf("field %s is %v, want %v", name, *p, s.model[name])
			}
			*p = after[name]
			return nil
		}))
	}
	return err
}

func (s *agreement) part(depth int) part {
	p := part{N: s.random.IntN(3), Text: []string{"", "a", "<b>"}[s.random.IntN(3)]}
	for range s.random.IntN(3) {
		p.List = append(p.List, s.random.IntN(3))
	}
	for range s.random.IntN(3) {
		if depth < 3 {
			if p.In == nil {
				p.In = map[string]part{}
			}
			p.In[fmt.Sprint("i", s.random.IntN(3))] = s.part(depth + 1)
		}
	}
	return p
}

// forget empties the model if the store has forgotten the topics, which may have been made anew since.
func (s *agreement) forget() {
	s.Helper()
	if s.read("parts/k").Top.Offset == 0 {
		s.model = map[string]part{}
	}
}

// read reads what the store has of a topic.
func (s *agreement) read(topic string) store.Reply {
	s.Helper()
	replies, err := s.store.Read(s.wait(), []store.Query{{Topic: topic, Value: topic == "whole/k", Fields: topic != "whole/k"}})
	if err != nil {
		s.Fatal(err)
	}
	return replies[0]
}

// record notes what the store has of the topics, and at which version.
func (s *agreement) record() {
	s.Helper()
	for topic, versions := range s.versions {
		r := s.read(topic)
		if topic == "whole/k" {
			versions[r.Top.String()] = value(s.T, r.Value)
			continue
		}
		fields := map[string]any{}
		for _, f := range r.Fields {
			fields[f.Name] = value(s.T, f.Value)
		}
		versions[r.Top.String()] = fields
	}
}

func value(t *testing.T, text []byte) (v any) {
	if text == nil {
		return nil
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Errorf("%q: %v", text, err)
	}
	return v
}

// subscriber is somebody who follows all topics, and what he had after each thing that he was told.
type subscriber struct {
	changed chan struct{}
	mu      sync.Mutex
	seen    map[string][]version
}

type version struct {
	at    string
	value any
}

func (s *agreement) subscribe() {
	s.Helper()
	sub := &subscriber{changed: make(chan struct{}, 1), seen: map[string][]version{}}
	s.subscribers = append(s.subscribers, sub)
	c := s.dial(nil)
	for topic := range s.versions {
		var has any
		known := false
		if _, err := c.Subscribe(s.wait(), topic, func(e client.Entry) {
			var told any
			if text, err := e.Payload.JSON(); e.Lost == "" && err == nil {
				told = value(s.T, text)
			}
			switch {
			case e.Lost != "":
				known = false
			case e.Snapshot:
				has, known = told, true
			case known:
				has = merge(has, told)
			}
			if known {
				sub.note(topic, version{e.Cursor.String(), has})
			}
		}); err != nil {
			s.Fatal(err)
		}
	}
}

func (sub *subscriber) note(topic string, v version) {
	sub.mu.Lock()
	sub.seen[topic] = append(sub.seen[topic], v)
	sub.mu.Unlock()
	select {
	case sub.changed <- struct{}{}:
	default:
	}
}

func (sub *subscriber) all(topic string) []version {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	return slices.Clone(sub.seen[topic])
}

// settle waits until all subscribers have what the server has.
func (s *agreement) settle() {
	s.Helper()
	for topic := range s.versions {
		top := s.read(topic).Top
		if top.Offset == 0 {
			continue // the store has forgotten it, and nothing came since: an instance that has it looks at it within 10 s
		}
		last := top.String()
		for _, sub := range s.subscribers {
			until(s.world, sub.changed, topic+" is up to date", func() bool {
				return slices.ContainsFunc(sub.all(topic), func(v version) bool { return v.at == last })
			})
		}
	}
}

// check compares all that the subscriber had with what the server had then.
func (sub *subscriber) check(s *agreement) {
	s.Helper()
	for topic := range s.versions {
		for _, v := range sub.all(topic) {
			was, ok := s.versions[topic][v.at]
			if !ok && reflect.DeepEqual(v.value, s.empty(topic)) {
				continue // of a topic that subscribing made anew
			}
			if !ok || !reflect.DeepEqual(v.value, was) {
				s.Errorf("%s at %s: a subscriber has %v, and the server had %v (%t)", topic, v.at, v.value, was, ok)
			}
		}
	}
}

func (s *agreement) empty(topic string) any {
	if topic == "whole/k" {
		return nil
	}
	return map[string]any{}
}

// merge is RFC 7396, section 2, to the letter. What it is given stays as it is.
func merge(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	object, _ := target.(map[string]any)
	object = maps.Clone(object)
	if object == nil {
		object = map[string]any{}
	}
	for name, change := range changes {
		if change == nil {
			delete(object, name)
		} else {
			object[name] = merge(object[name], change)
		}
	}
	return object
}
