package toy_test

import (
	"context"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/internal/nodetest"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/internal/toy"
)

// The two halves of the page's transport understand each other.
func TestBothHalves(t *testing.T) {
	node := nodetest.Find(t)
	local := transports.NewLocal(func(_, _ string, p protocol.Payload) (protocol.Payload, error) { return p, nil })
	h, err := transports.Handler(local, transports.Options{}, toy.Transport{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	defer local.Close()
	script := `
		import { connect } from './dist/client.js'
		import { toy } from './test/toy.js'
		const rt = connect(process.argv[1], { transports: [toy] })
		const echo = rt.service('echo')
		for (const text of ['one', 'two', 'three <>&\u2028']) console.log(await echo.say(text))
		await rt.close()
	`
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // halves that do not understand each other try for ever
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--input-type=module", "-e", script, server.URL+"/rt")
	if cmd.Dir, err = filepath.Abs("../../../client/js"); err != nil {
		t.Fatal(err)
	}
	if out, err := cmd.CombinedOutput(); err != nil || strings.TrimSuffix(string(out), "\n") != "one\ntwo\nthree <>&\u2028" {
		t.Errorf("%v, the page says\n%s", err, out)
	}
}

// The specification has every rule of the JavaScript kit, as the kit says it.
func TestDocsHaveTheRulesOfPages(t *testing.T) {
	var got, want []string
	for _, m := range regexp.MustCompile(`(?m)^ +(?:async )?'([^']+)'\(t`).FindAllStringSubmatch(read(t, "../../../client/js/test/transportkit.js"), -1) {
		want = append(want, m[1])
	}
	_, list, _ := strings.Cut(read(t, "../../../docs/transports.md"), "A transport\n\n- ")
	list, _, _ = strings.Cut(list, ".\n")
	got = strings.Split(list, ";\n- ")
	if len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("the specification has the rules\n%q\nthe kit\n%q", got, want)
	}
}
