package framework_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
)

// An instance forgets a topic that nobody there follows any more, though no connection ends meanwhile.
func TestI7LeftTopicsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &watching{Store: memory.New(memory.Options{}), topics: map[string]bool{}}
		defer st.Close()
		rt, err := framework.New(framework.Config{
			Transports: []transports.Transport{sse.Transport{}, longpoll.Transport{}},
			Services:   []framework.Service{ledger()},
			Store:      st,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		say := func(ctx context.Context, path, body string) {
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://sojourn.test/rt/"+path, strings.NewReader(body))
			r.Header.Set("Content-Type", "text/plain")
			rt.ServeHTTP(httptest.NewRecorder(), r)
		}
		say(t.Context(), "lp", hello(1, ""))
		ctx, cancel := context.WithCancel(t.Context())
		var stream sync.WaitGroup
		defer stream.Wait()
		defer cancel()
		stream.Go(func() { say(ctx, "sse", strings.Replace(hello(1, `,"cur":"0."`), `"c":1`, `"c":2`, 1)) })
		say(t.Context(), "up", "K"+keyOf(1)+",,0\nS1,lines/here\nS2,lines/left")
		synctest.Wait()
		if got := st.watched(); got != "lines/here lines/left" {
			t.Fatalf("watched: %q", got)
		}
		say(t.Context(), "up", "K"+keyOf(1)+",,0\nU3,lines/left")
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if got := st.watched(); got != "lines/here" {
			t.Errorf("watched three minutes after one of the topics was left: %q", got)
		}
	})
}

// watching is a store of which it is known what is watched.
type watching struct {
	store.Store
	mu     sync.Mutex
	topics map[string]bool
}

func (s *watching) Watch(ctx context.Context, deliver func(store.Notice)) (store.Watch, error) {
	w, err := s.Store.Watch(ctx, deliver)
	return topicsWatch{w, s}, err
}

func (s *watching) watched() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(slices.Sorted(maps.Keys(s.topics)), " ")
}

type topicsWatch struct {
	store.Watch
	s *watching
}

func (w topicsWatch) Topics(ctx context.Context, add, drop []string) error {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	for _, topic := range add {
		w.s.topics[topic] = true
	}
	for _, topic := range drop {
		delete(w.s.topics, topic)
	}
	return w.Watch.Topics(ctx, add, drop)
}
