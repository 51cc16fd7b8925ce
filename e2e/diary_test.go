package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/internal/redistest"
)

// pace is how long writers wait between two entries.
const pace = 40 * time.Millisecond

// builds are the two builds of the diary.
var builds = map[string]binary{
	"1": built("diary1", "e2e/builds", "-ldflags", "-X main.build=1"),
	"2": built("diary2", "e2e/builds", "-ldflags", "-X main.build=2"),
}

// diary is instances of the diary, of either build, behind a balancer that gives every request to the next of them.
type diary struct {
	*cluster
	redis *redistest.Server
	logs  map[*instance]*diaryLog
}

// diaryLog is what an instance logs, to be read while it runs.
type diaryLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *diaryLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *diaryLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// startDiary starts an instance of each of some builds.
func startDiary(t *testing.T, versions ...string) *diary {
	t.Helper()
	redis := redistest.StartT(t)
	d := &diary{startChat(t, redis.URL(), 0, nil), redis, map[*instance]*diaryLog{}}
	for _, version := range versions {
		d.add(version)
	}
	return d
}

// add starts another instance, of a build.
func (d *diary) add(version string) *instance {
	d.t.Helper()
	path, err := builds[version]()
	if err != nil {
		d.t.Fatal(err)
	}
	// Between the look for a free port and its use somebody else may take it: then another one.
	for range 5 {
		var i *instance
		if i, err = d.start(path); err == nil {
			d.running = append(d.running, i)
			d.lb.Add(i.addr)
			return i
		}
	}
	d.t.Fatal(err)
	return nil
}

// start returns when the instance is ready. It ends with the test.
func (d *diary) start(path string) (*instance, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	i := &instance{addr: ln.Addr().String(), ended: make(chan struct{})}
	ln.Close()
	i.cmd = exec.Command(path, append([]string{"-addr", i.addr, "-store", d.Store}, d.args...)...)
	i.cmd.Env = append(os.Environ(), "PORT=")
	told := &diaryLog{}
	d.logs[i] = told
	i.cmd.Stdout, i.cmd.Stderr = told, told
	if err := i.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		i.err = i.cmd.Wait()
		close(i.ended)
	}()
	d.t.Cleanup(func() {
		i.kill()
		if d.t.Failed() {
			d.t.Logf("instance %s, %s:\n%s", i.addr, filepath.Base(path), told)
		}
	})
	return i, i.wait()
}

// entry is one of a page of the diary.
type entry struct {
	Page  string `json:"page"`
	By    string `json:"by"`
	Text  string `json:"text"`
	N     int    `json:"n,omitempty"`
	Build string `json:"build,omitempty"`
}

// writer is somebody who keeps a page of the diary, by a Go client of some build.
type writer struct {
	*client.Client
	t          *testing.T
	page, name string

	mu      sync.Mutex
	entries []entry
	noted   []string
	lost    []string
	counts  map[string]int
	strikes []entry // of the page's other topic, if subscribed to
	answer  chan struct{}
}

// newWriter opens a page. Questions are answered when the channel answer is closed.
func newWriter(t *testing.T, url, build, transport, page, name string) *writer {
	t.Helper()
	w := &writer{t: t, page: page, name: name, answer: make(chan struct{})}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	w.Client, err = client.Dial(ctx, url+"/rt", &client.Options{
		Build: build, Transports: []string{transport},
		Handlers: map[string]client.Handler{
			"diary.noted":  client.Event(func(_ context.Context, text string) { w.with(func() { w.noted = append(w.noted, text) }) }),
			"diary.mood":   client.Question(w.mood),
			"diary.really": client.Question(w.mood),
		},
		OnLost: func(stream, why string) { w.with(func() { w.lost = append(w.lost, stream+" "+why) }) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Abandon)
	w.subscribe("page/"+page, &w.entries)
	if _, err := w.State(ctx, "count/"+page, func(value json.RawMessage) {
		w.with(func() {
			w.counts = nil
			json.Unmarshal(value, &w.counts)
		})
	}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *writer) with(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *writer) mood(ctx context.Context, text string) (string, error) {
	select {
	case <-w.answer:
		return "fine, " + text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// wait waits for a call's answer.
func (w *writer) wait(call *client.Pending, out any) error {
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	return call.Wait(ctx, out)
}

// subscribe collects a topic's entries.
func (w *writer) subscribe(topic string, into *[]entry) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	_, err := w.Subscribe(ctx, topic, func(e client.Entry) {
		var got entry
		if err := e.JSON(&got); e.Lost == "" && err != nil {
			w.t.Errorf("%s: %v", w.name, err)
		}
		w.with(func() { *into = append(*into, got) })
	})
	if err != nil {
		w.t.Fatalf("%s: %v", w.name, err)
	}
}

// sees waits until a look at what the writer has been told finds no problem.
func (w *writer) sees(problem func() string) {
	w.t.Helper()
	until(w.t, func() string {
		w.mu.Lock()
		defer w.mu.Unlock()
		return problem()
	})
}

// heardOf waits until the writer has been told of so many entries of the page, and returns them.
func (w *writer) heardOf(n int) (all []entry) {
	w.t.Helper()
	w.sees(func() string {
		if all = slices.Clone(w.entries); len(all) < n {
			return fmt.Sprintf("%s was told of %q, want %d", w.name, lines(all), n)
		}
		return ""
	})
	return all
}

// heard waits until these are the page's entries, and fails if any are lost.
func (w *writer) heard(want ...string) {
	w.t.Helper()
	w.sees(func() string { return differ(w.name, lines(w.entries), want) })
	w.with(func() {
		if len(w.lost) > 0 {
			w.t.Errorf("%s has lost %q", w.name, w.lost)
		}
	})
}

// writes writes numbers on the page, from 1 on, and notes them, until enough is closed; it begins with asking to be asked. It returns the last number.
func (w *writer) writes(enough <-chan struct{}) (n int) {
	if err := w.wait(w.Send("diary.ask", entry{Page: w.page, By: "mood", Text: w.name}), nil); err != nil {
		w.t.Errorf("%s: %v", w.name, err)
	}
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		n++
		text := fmt.Sprint(n)
		call := w.Send("diary.write", entry{Page: w.page, By: w.name, Text: text})
		note := w.Send("diary.note", text)
		number := 0
		if err := errors.Join(w.wait(call, &number), w.wait(note, nil)); err != nil || number != n {
			w.t.Errorf("%s: %s is answered with %d, %v", w.name, text, number, err)
			return n
		}
		select {
		case <-enough:
			return n
		case <-tick.C:
		}
	}
}

// lines is what entries say: "Ann: 1".
func lines(entries []entry) (all []string) {
	for _, e := range entries {
		all = append(all, e.By+": "+e.Text)
	}
	return all
}

// buildsOf returns the builds that wrote entries down.
func buildsOf(entries []entry) (all []string) {
	for _, e := range entries {
		all = append(all, e.Build)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// differ says how got differs from want, or nothing.
func differ(who string, got, want any) string {
	if reflect.DeepEqual(got, want) {
		return ""
	}
	return fmt.Sprintf("%s was told %v, want %v", who, got, want)
}

// openPage opens the diary's own page, of whichever build serves it, in a browser.
func openPage(t *testing.T, d *diary) *tab {
	t.Helper()
	p := visit(t, "page", d.URL)
	until(t, func() string {
		if there, err := evaluate[bool](p, `window.view?.rt.status === 'ready'`); err != nil || !there {
			return fmt.Sprintf("the page is not ready: %v", err)
		}
		return ""
	})
	return p
}

// pageWrites has the page do what writes does, until view.enough is set. It returns at once.
func pageWrites(p *tab) {
	p.t.Helper()
	p.run(`(async () => {
		await view.diary.ask({ page: 'test', by: 'mood', text: 'page' })
		for (let i = 1; !view.enough; i++) {
			const call = view.diary.write({ page: 'test', by: 'page', text: '' + i })
			await view.diary.note('' + i)
			view.answers.push(await call)
			await new Promise(next => setTimeout(next, %d))
		}
		view.last = view.answers.length
	})().catch(e => view.lost.push(e.code))`, pace.Milliseconds())
}

// pageWrote has the page stop writing, and returns its last number.
func pageWrote(p *tab) (n int) {
	p.t.Helper()
	p.run(`view.enough = true`)
	until(p.t, func() (problem string) {
		var err error
		if n, err = evaluate[int](p, `view.last ?? 0`); n > 0 {
			return ""
		}
		return fmt.Sprintf("the page still writes: %v", err)
	})
	return n
}

// pageView is what the page was told.
type pageView struct {
	Build   string         `json:"build"` // of the page
	Heard   []string       `json:"heard"`
	Noted   []string       `json:"noted"`
	Answers []int          `json:"answers"`
	Lost    []string       `json:"lost"`
	Counts  map[string]int `json:"counts"`
}

// pageAgrees waits until the page, which is one of build 1, was told exactly this.
func pageAgrees(p *tab, heard []string, counts map[string]int) {
	p.t.Helper()
	n := counts["page"]
	want := pageView{Build: "1", Heard: heard, Noted: numbers(n), Lost: []string{}, Counts: counts}
	for i := range n {
		want.Answers = append(want.Answers, i+1)
	}
	until(p.t, func() string {
		got, err := evaluate[pageView](p, `(({ build, heard, noted, answers, lost, counts }) => ({ build, heard, noted, answers, lost, counts }))(view)`)
		if err != nil {
			return err.Error()
		}
		return differ("the page", got, want)
	})
}
