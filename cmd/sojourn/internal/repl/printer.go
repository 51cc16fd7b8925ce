package repl

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
)

// maxHeld is how many news wait for the end of a command. With more the command's result is printed among them.
const maxHeld = 1000

// printer prints what commands say, and what comes by itself: news, each under the name of a topic, a method, or what else it is about.
type printer struct {
	mu    sync.Mutex
	w     io.Writer
	holds bool // set before it is used: news wait while a command runs
	busy  bool // a command runs, and news wait for it
	quiet bool // nobody is there for news
	held  []news
	came  map[string]int // how many were printed that no wait was for, by name
	more  chan struct{}  // closed when another one is printed
}

type news struct {
	name  string
	lines []string
}

func newPrinter(w io.Writer) *printer {
	return &printer{w: w, came: map[string]int{}, more: make(chan struct{})}
}

// begin is called when a command begins to run, end when it is over.
func (p *printer) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = p.holds
}

func (p *printer) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.releaseLocked()
}

func (p *printer) releaseLocked() {
	p.busy = false
	for _, n := range p.held {
		p.printLocked(n)
	}
	p.held = nil
}

// say prints lines of a command.
func (p *printer) say(lines ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writeLocked(lines)
}

// tell prints news, a line for each of what there is to tell.
func (p *printer) tell(name string, what ...string) {
	n := news{name: name}
	for _, w := range what {
		n.lines = append(n.lines, strings.TrimRight("< "+name+" "+w, " "))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.quiet:
	case !p.busy:
		p.printLocked(n)
	default:
		if p.held = append(p.held, n); len(p.held) > maxHeld {
			p.releaseLocked()
		}
	}
}

// hush ends the news: those that come with the goodbye are nobody's.
func (p *printer) hush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.quiet = true
}

func (p *printer) printLocked(n news) {
	p.writeLocked(n.lines)
	p.came[n.name]++
	close(p.more)
	p.more = make(chan struct{})
}

func (p *printer) writeLocked(lines []string) {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(printable(line))
		b.WriteByte('\n')
	}
	_, _ = io.WriteString(p.w, b.String()) // if nobody reads there is nobody to be told
}

// wait waits for news of a name, one for each call. Those that are printed already count.
func (p *printer) wait(ctx context.Context, name string) error {
	for {
		p.mu.Lock()
		p.releaseLocked()
		more := p.more
		found := p.came[name] > 0
		if found {
			p.came[name]--
		}
		p.mu.Unlock()
		if found {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// printable writes what a terminal would obey, or not show, as JSON does: what servers say is not to be trusted.
func printable(line string) string {
	if !strings.ContainsFunc(line, unprintable) {
		return line
	}
	var b strings.Builder
	for _, r := range line {
		switch r1, r2 := utf16.EncodeRune(r); {
		case !unprintable(r):
			b.WriteRune(r)
		case r1 != unicode.ReplacementChar:
			fmt.Fprintf(&b, `\u%04x\u%04x`, r1, r2)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
