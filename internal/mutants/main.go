// Command mutants breaks the code on purpose, one promise at a time, and sees whether the test that is to guard the promise finds out.
//
// The table is mutants.go. Each break is built with an overlay, so the tree is never touched. It prints how many of the breaks were caught, and fails unless it was
// all of them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

func main() {
	only := flag.String("run", "", "make only the breaks whose name matches this regular expression")
	at := flag.Int("p", 2, "how many to make at the same time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, regexp.MustCompile(*only), *at); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only *regexp.Regexp, at int) error {
	root, err := filepath.Abs(".")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	var chosen []mutant
	for _, m := range mutants {
		if only.MatchString(m.name) {
			chosen = append(chosen, m)
		}
	}
	if err := soundTests(ctx, chosen); err != nil {
		return err
	}
	caught := make([]error, len(chosen))
	var all sync.WaitGroup
	places := make(chan struct{}, at)
	for i, m := range chosen {
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			start := time.Now()
			caught[i] = m.caught(ctx, root, filepath.Join(dir, fmt.Sprint(i)))
			verdict := "caught by " + m.test
			if caught[i] != nil {
				verdict = "NOT CAUGHT: " + caught[i].Error()
			}
			fmt.Printf("%-3s %-55s %s (%.0f s)\n", m.promise, m.name, verdict, time.Since(start).Seconds())
		})
	}
	all.Wait()
	n := 0
	for _, err := range caught {
		if err == nil {
			n++
		}
	}
	fmt.Printf("%d of %d caught\n", n, len(chosen))
	if n < len(chosen) {
		return errors.New("a promise is not guarded by its test")
	}
	return ctx.Err()
}

// soundTests runs the tests on the code as it is: one that fails anyway catches nothing.
func soundTests(ctx context.Context, chosen []mutant) error {
	tests := map[string][]string{} // by package
	for _, m := range chosen {
		tests[m.pkg] = append(tests[m.pkg], m.test)
	}
	for pkg, names := range tests {
		for _, name := range names {
			out, err := goTest(ctx, pkg, name)
			if err != nil {
				return fmt.Errorf("%s of %s fails on the code as it is: %w\n%s", name, pkg, err, out)
			}
			if !strings.Contains(out, "--- PASS: "+top(name)) {
				return fmt.Errorf("there is no test %s in %s", name, pkg)
			}
		}
	}
	return nil
}

// caught returns nil if the test fails on the broken code.
func (m mutant) caught(ctx context.Context, root, dir string) error {
	broken, err := m.broken(root)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	replace := map[string]string{}
	for file, text := range broken {
		name := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return err
		}
		replace[filepath.Join(root, file)] = name
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	name := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(name, overlay, 0o600); err != nil {
		return err
	}
	out, err := goTest(ctx, m.pkg, m.test, "-failfast", "-overlay", name)
	switch {
	case err == nil:
		return errors.New("the test passes")
	case !strings.Contains(out, "--- FAIL: "+top(m.test)):
		return fmt.Errorf("the test did not come to fail: %w\n%s", err, out)
	}
	return nil
}

// broken returns the files that are edited, as they are then.
func (m mutant) broken(root string) (map[string]string, error) {
	broken := map[string]string{}
	for _, e := range m.edits {
		text, ok := broken[e.file]
		if !ok {
			b, err := os.ReadFile(filepath.Join(root, e.file))
			if err != nil {
				return nil, err
			}
			text = string(b)
		}
		if n := strings.Count(text, e.old); n != 1 {
			return nil, fmt.Errorf("%s has the code that is to be broken %d times:\n%s", e.file, n, e.old)
		}
		broken[e.file] = strings.Replace(text, e.old, e.new, 1)
	}
	return broken, nil
}

// goTest runs one test, subtests included, and returns what it said.
func goTest(ctx context.Context, pkg, name string, flags ...string) (string, error) {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + p + "$"
	}
	args := append([]string{"test", "-v", "-count=1", "-timeout", "3m", "-run", strings.Join(parts, "/")}, flags...)
	out, err := exec.CommandContext(ctx, "go", append(args, pkg)...).CombinedOutput()
	return string(out), err
}

// top is the name of the test that a subtest belongs to.
func top(name string) string {
	name, _, _ = strings.Cut(name, "/")
	return name
}
