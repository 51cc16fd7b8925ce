// Package far is a store in another process, reached over HTTP. It is the example of docs/stores.md, and in no program.
package far

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// Store asks the process at a URL, where [Serve] answers.
type Store struct {
	url    string
	http   *http.Client
	closed context.Context // ends with the store
	close  context.CancelFunc
	runs   sync.WaitGroup // watches
}

var (
	_ store.Store     = (*Store)(nil)
	_ store.Volatiler = (*Store)(nil)
)

// Open returns a store. Nothing is asked yet.
func Open(url string) *Store {
	s := &Store{url: url, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}}
	s.closed, s.close = context.WithCancel(context.Background())
	return s
}

// ask makes one call. An error says that nobody knows whether it took effect.
func (s *Store) ask(ctx context.Context, method string, argument, reply any) error {
	if s.closed.Err() != nil {
		return store.ErrClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.closed, cancel)()

	err := s.post(ctx, method, argument, reply)
	if err != nil && ctx.Err() == nil && (method == "attach" || method == "read" || method == "keep") {
		err = s.post(ctx, method, argument, reply) // comes to the same the second time; of the others only the caller may do that
	}
	switch {
	case err != nil && s.closed.Err() != nil:
		return store.ErrClosed
	case err != nil:
		return fmt.Errorf("far: %s: %w", method, err)
	}
	return nil
}

func (s *Store) post(ctx context.Context, method string, argument, reply any) error {
	var body bytes.Buffer
	if err := gob.NewEncoder(&body).Encode(argument); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/"+method, &body)
	if err != nil {
		return err
	}
	response, err := s.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return errors.New(string(text))
	}
	return gob.NewDecoder(response.Body).Decode(reply)
}

// Attach implements [store.Store].
func (s *Store) Attach(ctx context.Context, a store.Attach) (found store.Attached, err error) {
	err = s.ask(ctx, "attach", a, &found)
	return found, err
}

// Commit implements [store.Store].
func (s *Store) Commit(ctx context.Context, t store.Turn) (out store.Outcome, err error) {
	err = s.ask(ctx, "commit", packTurn(t), &out)
	for i, f := range out.Fresh {
		out.Fresh[i].Value = unpack(f.Value)
	}
	return out, err
}

// Read implements [store.Store].
func (s *Store) Read(ctx context.Context, queries []store.Query) (replies []store.Reply, err error) {
	err = s.ask(ctx, "read", queries, &replies)
	for i := range replies {
		unpackReply(&replies[i])
	}
	return replies, err
}

// Keep implements [store.Store].
func (s *Store) Keep(ctx context.Context, held []store.Held) (kept []store.Kept, err error) {
	err = s.ask(ctx, "keep", held, &kept)
	return kept, err
}

// Claim implements [store.Store].
func (s *Store) Claim(ctx context.Context, max int, lease time.Duration) (claimed store.Claimed, err error) {
	err = s.ask(ctx, "claim", claim{max, lease}, &claimed)
	return claimed, err
}

// Volatile implements [store.Volatiler].
func (s *Store) Volatile(ctx context.Context, topic, socket string, data []byte) error {
	return s.ask(ctx, "volatile", volatile{topic, socket, data}, new(done))
}

// Close ends all calls and watches.
func (s *Store) Close() error {
	s.close()
	s.runs.Wait()
	s.http.CloseIdleConnections()
	return nil
}

type watch struct {
	store *Store
	inbox string
	ctx   context.Context
	end   context.CancelFunc
	ended chan struct{}
}

// Watch implements [store.Store].
func (s *Store) Watch(ctx context.Context, deliver func(store.Notice)) (store.Watch, error) {
	w := &watch{store: s, ended: make(chan struct{})}
	if err := s.ask(ctx, "watch", "", &w.inbox); err != nil {
		return nil, err
	}
	w.ctx, w.end = context.WithCancel(s.closed)
	s.runs.Go(func() { w.run(deliver) })
	return w, nil
}

// run asks for notices, again and again. What came in an answer that was lost is lost: a Resync stands for it.
func (w *watch) run(deliver func(store.Notice)) {
	defer close(w.ended)
	for w.ctx.Err() == nil {
		var notices []store.Notice
		if err := w.store.ask(w.ctx, "notices", w.inbox, &notices); err != nil {
			select {
			case <-time.After(time.Second):
			case <-w.ctx.Done():
			}
			notices = []store.Notice{{Kind: store.Resync}}
		}
		for _, n := range notices {
			if w.ctx.Err() == nil {
				deliver(n)
			}
		}
	}
}

func (w *watch) Inbox() string { return w.inbox }

func (w *watch) Topics(ctx context.Context, add, drop []string) error {
	return w.store.ask(ctx, "topics", topics{w.inbox, add, drop}, new(done))
}

// Close leaves the other side to find out that nobody asks any more.
func (w *watch) Close() error {
	w.end()
	<-w.ended
	return nil
}
