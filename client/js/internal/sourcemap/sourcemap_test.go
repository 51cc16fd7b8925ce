package sourcemap

import (
	"slices"
	"testing"
)

func TestMappings(t *testing.T) {
	all := []Segment{
		{Place{0, 0}, 0, Place{0, 0}, -1},
		{Place{0, 70}, 1, Place{2000, 15}, 0},
		{Place{0, 71}, -1, Place{}, -1},
		{Place{2, 16}, 0, Place{3, 0}, 2},
		{Place{2, 17}, 0, Place{1, 40}, 1},
	}
	const written = "AAAA,sECg9DeA,C;;gBD78DfE,CAFwCD"
	if got := Format(all); got != written {
		t.Errorf("written: %q", got)
	}
	if got, err := Parse(written); err != nil || !slices.Equal(got, all) {
		t.Errorf("read: %v, %v", got, err)
	}
	for _, bad := range []string{"A?", "AA", "AAAAAA", "g", "ggggggggg"} {
		if got, err := Parse(bad); err == nil {
			t.Errorf("%q is read as %v", bad, got)
		}
	}
}

func TestLines(t *testing.T) {
	all, err := Parse(Lines("a\nb\n\nc"))
	if err != nil || len(all) != 4 {
		t.Fatal(all, err)
	}
	for i, s := range all {
		if (s != Segment{Place{i, 0}, 0, Place{i, 0}, -1}) {
			t.Errorf("line %d: %v", i, s)
		}
	}
}
