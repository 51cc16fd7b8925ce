package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// readmeService writes the README's service into a directory, as a program has it: chat.go, client.js and public/.
func readmeService(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	files := map[string]string{"public/chat.css": "p {}\n"}
	lines := 0
	for _, m := range fence.FindAllStringSubmatch(section(t, read(t, "README.md"), "A service"), -1) {
		name := map[string]string{"go": "chat.go", "js": "client.js"}[m[1]]
		if files[name] != "" {
			t.Fatalf("the README's service has two of %s", name)
		}
		files[name] = m[2]
		code := m[2]
		if _, after, ok := strings.Cut(code, "\n)\n"); ok { // the imports
			code = after
		}
		for line := range strings.Lines(code) {
			if strings.TrimSpace(line) != "" {
				lines++
			}
		}
	}
	if lines > 25 || len(files) != 3 {
		t.Errorf("the README's service has %d lines in %d files: at most 25 are what a service should need", lines, len(files))
	}
	if err := os.Mkdir(filepath.Join(dir, "public"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadmeServiceCompiles(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "vet", filepath.Join(readmeService(t), "chat.go"))
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// What the README says that its client half does, over the transport for tests.
const useService = `
import assert from 'node:assert/strict'
import { join, open, said, settle } from 'HARNESS'
import half from './client.mjs'

const { rt, wire } = await open()
const logged = []
const { chat } = join(rt, { chat: half }, { log: (...entry) => logged.push(entry) })
const lines = []
chat.enter(line => lines.push(line.From + ': ' + line.Text))
const spoken = chat.say('hello')
await settle()
assert.deepEqual(said(wire), ['S1,room/lobby', 'C2,chat.say|{"Text":"hello"}'])
wire.down('s1.aaaaa,room/lobby,1,0.x', 't1,1.bbbbb|{"From":"Ann","Text":"hello"}', 'a2,1', 'e2.ccccc,chat.notice|"say something"')
await spoken
assert.deepEqual(lines, ['Ann: hello'])
assert.deepEqual(logged.find(([level]) => level === 'warn'), ['warn', 'say something', { service: 'chat' }])
rt.close()
`

func TestReadmeServiceSpeaks(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("SOJOURN_NO_SKIP") == "1" {
			t.Fatal(err)
		}
		t.Skip("no node on this machine; on Debian and Ubuntu: apt-get install nodejs")
	}
	dir := readmeService(t)
	harness, err := filepath.Abs(filepath.Join(root, "client/js/harness/index.js"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "client.js"), filepath.Join(dir, "client.mjs")); err != nil { // or node would have to guess
		t.Fatal(err)
	}
	script := filepath.Join(dir, "use.mjs")
	if err := os.WriteFile(script, []byte(strings.Replace(useService, "HARNESS", filepath.ToSlash(harness), 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), node, script).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
