package framework_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/internal/nodetest"
)

// A page that is told composed patches has what they were composed of made: the JavaScript client, as it is built, and the same patches as in TestComposedPatches.
func TestComposedPatchesInAPage(t *testing.T) {
	node := nodetest.Find(t)
	type entry struct {
		At    uint64 `json:"at"`
		Patch string `json:"patch"` // as it stands in a frame
	}
	type history struct {
		States   []any   `json:"states"`
		Composed []entry `json:"composed"`
	}
	var all []history
	random := rand.New(rand.NewPCG(7, 396))
	for range 500 {
		states, entries := nextStates(t, nextRecipe(random))
		h := history{States: states, Composed: []entry{}}
		for _, e := range framework.Compose(entries) {
			h.Composed = append(h.Composed, entry{e.Offset, string(e.Data)})
		}
		all = append(all, h)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "histories.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	page := exec.CommandContext(t.Context(), node, "testdata/composed.js", file)
	page.Env = append(os.Environ(), "SOJOURN_BUILT=1")
	if out, err := page.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
