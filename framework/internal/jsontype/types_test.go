package jsontype_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/framework/internal/jsontype"
	"github.com/sojourn-go/sojourn/framework/internal/jsontype/testdata/other"
	"github.com/sojourn-go/sojourn/internal/tsc"
	"github.com/sojourn-go/sojourn/protocol"
)

type (
	status string
	level  int
	tags   []string
	counts map[string]int
	tree   struct {
		Name  string
		Left  *tree `json:",omitempty"`
		Kids  []tree
		Named map[string]*tree
	}
	nested []nested
	deep   map[string]deep
	self   *self

	page[T any]    struct{ Items []T }
	pair[A, B any] struct {
		First  A
		Second B
	}

	base struct {
		ID   int
		Same string
	}
	left   struct{ Both, Left int }
	right  struct{ Both, Right int }
	Middle struct{ *base2 }
	base2  struct{ Far string }
	hidden int
	Shown  int

	shadows struct {
		base
		Same bool
	}
	twins struct {
		left
		right
	}
	tagWins struct {
		A int `json:"x"`
		B string
		C bool `json:"B"`
	}
	byPointer struct {
		*base
		Middle
	}
	notFlat struct {
		base `json:"base"`
		hidden
		Shown
		any
	}
	options struct {
		Skipped  int      `json:"-"`
		Dash     int      `json:"-,"`
		Odd      int      `json:"not-an identifier"`
		Bad      int      `json:"no\\pe"`
		Int      int      `json:",omitempty"`
		Ptr      *int     `json:",omitempty"`
		PtrPtr   **int    `json:",omitempty"`
		Slice    []string `json:",omitempty"`
		Map      counts   `json:",omitempty"`
		Any      any      `json:",omitempty"`
		Struct   base     `json:",omitempty"`
		Arr      [2]int   `json:",omitempty"`
		None     [0]int   `json:",omitempty"`
		Zero     base     `json:",omitzero"`
		ZeroPtr  *base    `json:",omitzero"`
		ZeroList []int    `json:",omitzero"`
		Sure     sure     `json:",omitzero"`
		private  int
	}
	sure   []int // never zero
	quoted struct {
		Int   int64       `json:",string"`
		Ptr   *int        `json:",string"`
		Bool  bool        `json:",string"`
		Text  string      `json:",string"`
		Float float64     `json:",string"`
		Num   json.Number `json:",string"`
		List  []int       `json:",string"`
		Day   day         `json:",string"`
		Level level       `json:",string"`
	}
	day      int // marshals as text
	byAddr   struct{ N int }
	textAddr struct{ N int }
	custom   struct{ N int }
	values   struct {
		Bool     bool
		Level    level
		Big      int64
		Huge     uint64
		Float    float32
		Text     string
		Status   status
		Tags     tags
		Counts   counts
		Ints     map[int]string
		Days     map[day]bool
		Bytes    []byte
		Blob     other.Blob
		Octets   [4]byte
		Many     [9]int
		Pair     [2]*string
		Anon     struct{ A, B int }
		AnonPtr  *struct{ C []int }
		Time     time.Time
		TimePtr  *time.Time
		Span     time.Duration
		Raw      json.RawMessage
		Any      any
		Number   json.Number
		Addr     netip.Addr
		AddrPtr  *netip.Addr
		Int      *big.Int
		Day      day
		DayPtr   *day
		ByAddr   byAddr
		TextA    textAddr
		TextP    *textAddr
		Custom   custom
		Empty    struct{}
		Self     self
		Error    error
		Lists    [][]string
		Optional []*int
	}
)

func (sure) IsZero() bool                        { return false }
func (d day) MarshalText() ([]byte, error)       { return fmt.Appendf(nil, "day %d", d), nil }
func (b *byAddr) MarshalJSON() ([]byte, error)   { return []byte("7"), nil }
func (b *textAddr) MarshalText() ([]byte, error) { return []byte("7"), nil }
func (custom) MarshalJSON() ([]byte, error)      { return []byte(`{"a":[1]}`), nil }

func ptr[T any](v T) *T { return &v }

// rows are values of types, and JSON that is none of the first one's type.
var rows = []struct {
	values []any
	not    []string
}{
	{values: []any{values{}, values{
		Tags: tags{"a"}, Counts: counts{"a": 1}, Ints: map[int]string{-1: "a"}, Days: map[day]bool{1: true}, Bytes: []byte("hi"), Blob: other.Blob("hi"),
		Pair: [2]*string{nil, ptr("a")}, AnonPtr: &struct{ C []int }{[]int{1}}, TimePtr: &time.Time{}, Raw: json.RawMessage(`[1]`), Any: 7, Number: "12",
		AddrPtr: &netip.Addr{}, Int: big.NewInt(1), DayPtr: ptr(day(1)), TextP: &textAddr{}, Lists: [][]string{nil, {"a"}}, Optional: []*int{nil, ptr(1)},
	}}},
	{[]any{true}, []string{"1", "null"}},
	{[]any{status("x")}, []string{"1", "null"}},
	{[]any{tags(nil), tags{"a"}}, []string{"[1]", `"a"`, "[null]"}},
	{[]any{counts(nil), counts{"a": 1}}, []string{`{"a":"b"}`, "7"}},
	{[]any{[]byte("x"), []byte(nil)}, nil}, // as JSON: see TestPayloadsOfTheirOwn
	{[]any{struct{ B []byte }{[]byte("x")}, struct{ B []byte }{}}, []string{`{"B":[1]}`}},
	{[]any{struct{ T time.Time }{}}, []string{`{"T":1}`, `{"T":null}`}},
	{[]any{struct{ T *time.Time }{}, struct{ T *time.Time }{&time.Time{}}}, []string{`{"T":1}`}},
	{[]any{struct{ A [2]int }{}}, []string{`{"A":[1]}`, `{"A":[1,2,3]}`, `{"A":null}`}},
	{[]any{struct{ A [9]int }{}}, []string{`{"A":["x"]}`, `{"A":null}`}},
	{[]any{struct{ P *int }{}, struct{ P *int }{ptr(1)}}, []string{`{}`, `{"P":"1"}`}},
	{[]any{tree{}, tree{Left: &tree{}, Kids: []tree{{}}, Named: map[string]*tree{"a": nil}}}, []string{`{"Name":"a","Kids":[7],"Named":null}`, `{"Name":"a","Kids":null,"Named":{"a":7}}`}},
	{[]any{nested(nil), nested{nil, {nil}}}, []string{"[1]"}},
	{[]any{deep(nil), deep{"a": nil, "b": {"c": nil}}}, []string{`{"a":1}`}},
	{[]any{page[base]{}, page[base]{[]base{{}}}}, []string{`{"Items":[{"ID":1}]}`}},
	{[]any{page[other.Base]{}, page[other.Base]{[]other.Base{{}}}}, []string{`{"Items":[{"ID":1,"Same":"x"}]}`}},
	{[]any{pair[status, page[int]]{}, pair[status, page[int]]{Second: page[int]{[]int{1}}}}, []string{`{"First":"a","Second":{"Items":["x"]}}`}},
	{[]any{shadows{}}, []string{`{"ID":1,"Same":"x"}`, `{"Same":true}`}},
	{[]any{twins{}}, []string{`{"Left":1,"Right":1,"Both":1}`}},
	{[]any{tagWins{}}, []string{`{"x":1,"B":"x"}`, `{"A":1,"x":1,"B":true}`}},
	{[]any{byPointer{}, byPointer{base: &base{}}, byPointer{Middle: Middle{&base2{}}}}, []string{`{"ID":"x"}`, `{"Middle":{}}`, `{"ID":null}`}},
	{[]any{notFlat{}}, []string{`{"ID":1,"Same":""}`, `{"base":{"ID":1,"Same":""},"Shown":1,"hidden":1}`}},
	{[]any{options{}, options{Dash: 1, Int: 1, Ptr: ptr(1), PtrPtr: new(*int), Slice: tags{"a"}, Map: counts{"a": 1}, Any: 1, Zero: base{ID: 1}, ZeroPtr: &base{}, ZeroList: []int{}, Sure: sure{1}}},
		[]string{ // each lacks, or has, one thing
			`{"not-an identifier":1,"Bad":1,"Struct":{"ID":1,"Same":""},"Arr":[1,2]}`,
			`{"-":1,"Bad":1,"Struct":{"ID":1,"Same":""},"Arr":[1,2]}`,
			`{"-":1,"not-an identifier":1,"Bad":1,"Arr":[1,2]}`,
			`{"-":1,"not-an identifier":1,"Bad":1,"Struct":{"ID":1,"Same":""}}`,
			`{"-":1,"not-an identifier":1,"Bad":1,"Struct":{"ID":1,"Same":""},"Arr":[1,2],"Slice":null}`,
			`{"-":1,"not-an identifier":1,"Bad":1,"Struct":{"ID":1,"Same":""},"Arr":[1,2],"Ptr":null}`,
			`{"-":1,"not-an identifier":1,"Bad":1,"Struct":{"ID":1,"Same":""},"Arr":[1,2],"ZeroPtr":null}`,
			`{"-":1,"not-an identifier":1,"Bad":1,"Struct":{"ID":1,"Same":""},"Arr":[1,2],"ZeroList":null}`,
			`{"-":1,"not-an identifier":1,"Bad":1,"Struct":{"ID":1,"Same":""},"Arr":[1,2],"private":1}`,
		}},
	{[]any{quoted{Num: "1"}, quoted{Num: "1", Ptr: ptr(1), List: []int{1}}}, []string{`{"Int":1,"Ptr":null,"Bool":"true","Text":"","Float":"0","Num":"1","List":null,"Day":"day 0","Level":"0"}`}},
	{[]any{struct{ C custom }{}, struct{ C *custom }{}}, nil},
	{[]any{struct{ D day }{}}, []string{`{"D":1}`, `{"D":null}`}},
	{[]any{struct{ D *day }{}, struct{ D *day }{ptr(day(1))}}, []string{`{"D":1}`}},
	{[]any{struct{ P *textAddr }{}, struct{ P *textAddr }{&textAddr{}}}, []string{`{"P":{}}`}},
	{[]any{struct{ M map[string]any }{map[string]any{"a": []any{1, nil}}}}, []string{`{"M":[]}`}},
	{[]any{struct{ E struct{} }{}}, []string{`{"E":{"a":1}}`, `{"E":null}`}},
	{[]any{[]byAddr{{}}, map[string]byAddr{"a": {}}, struct{ A byAddr }{}, &struct{ A byAddr }{}}, nil},
	{[]any{[]textAddr{{}}, map[string]textAddr{"a": {}}}, nil},
	{[]any{ptr(ptr(1)), (**int)(nil), new(*int)}, []string{`"x"`}},
	{[]any{time.Second}, []string{`"1s"`}},
}

// What encoding/json makes of values is of the types that are said; what it would never make is not.
func TestTypesAreThoseOfEncodingJSON(t *testing.T) {
	var roots []reflect.Type
	for _, row := range rows {
		for _, v := range row.values {
			roots = append(roots, reflect.TypeOf(v))
		}
	}
	types := jsontype.Of("", roots, nil)
	var b strings.Builder
	b.WriteString("export {}\n")
	declare(&b, types)
	for i, row := range rows {
		for j, v := range row.values {
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatalf("%T: %v", v, err)
			}
			expr := types.Payload(reflect.TypeOf(v))
			if reflect.TypeOf(v) == reflect.TypeFor[[]byte]() {
				expr = "string | null"
			}
			fmt.Fprintf(&b, "const v%d_%d: %s = %s\n", i, j, expr, text)
		}
		for j, text := range row.not {
			fmt.Fprintf(&b, "// @ts-expect-error\nconst n%d_%d: %s = %s\n", i, j, types.Payload(reflect.TypeOf(row.values[0])), text)
		}
	}
	compile(t, b.String())
}

func declare(b *strings.Builder, types *jsontype.Types) {
	for _, d := range types.Declared() {
		if strings.HasPrefix(d.Type, "{") {
			fmt.Fprintf(b, "interface %s %s\n", d.Name, d.Type)
		} else {
			fmt.Fprintf(b, "type %s = %s\n", d.Name, d.Type)
		}
	}
}

func compile(t *testing.T, source string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "types.ts"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, ok := tsc.Run(t, dir, "--exactOptionalPropertyTypes", "types.ts"); !ok {
		t.Errorf("%s\n%s", out, source)
	}
}

// A payload of its own may be bytes, or nothing.
func TestPayloadsOfTheirOwn(t *testing.T) {
	types := jsontype.Of("", nil, nil)
	for want, typ := range map[string]reflect.Type{
		"Uint8Array":         reflect.TypeFor[[]byte](),
		"":                   reflect.TypeFor[struct{}](),
		"unknown":            reflect.TypeFor[protocol.Payload](),
		"string | null":      reflect.TypeFor[*string](),
		"string[] | null":    reflect.TypeFor[[]string](),
		"number /* int64 */": reflect.TypeFor[int64](),
		"(string | null)[]":  reflect.TypeFor[[1000]*string](),
		"never":              reflect.TypeFor[chan int](),
		"{ a: never }": reflect.TypeFor[struct {
			a int
			A func() `json:"a"`
		}](),
		"(string /* base64 */ | null)[] | null": reflect.TypeFor[[][]byte](),
	} {
		if got := types.Payload(typ); got != want {
			t.Errorf("%v is %q, want %q", typ, got, want)
		}
	}
}

// In a state, which changes by merge patches, what is null may be absent; not so in arrays, which are replaced.
func TestStatesMayLackWhatIsNull(t *testing.T) {
	type inner struct{ P *int }
	type both struct{ P *int }
	type list struct{ P *int }
	type state struct {
		P     *string
		Inner inner
		Both  both
		Anon  struct{ P *int }
		List  []list
	}
	types := jsontype.Of("", []reflect.Type{reflect.TypeFor[both]()}, []reflect.Type{reflect.TypeFor[state]()})
	if got := types.State(reflect.TypeFor[state]()); got != "State" {
		t.Error(got)
	}
	if got := types.State(reflect.TypeFor[*int]()); got != "number | null" {
		t.Error(got)
	}
	want := map[string]string{
		"State": "{\n  P?: string | null\n  Inner: Inner\n  Both: Both\n  Anon: { P?: number | null }\n  List: List[] | null\n}",
		"Inner": "{\n  P?: number | null\n}",
		"Both":  "{\n  P?: number | null\n}",
		"List":  "{\n  P: number | null\n}",
	}
	want["State"] = strings.Replace(want["State"], "List: ", "List?: ", 1)
	for _, d := range types.Declared() {
		if d.Type != want[d.Name] {
			t.Errorf("%s is\n%s\nwant\n%s", d.Name, d.Type, want[d.Name])
		}
	}
}

// Each type has one name, whatever others are called.
func TestNames(t *testing.T) {
	type Promise struct{ A int }
	local := func() reflect.Type {
		type tree struct{ B int }
		return reflect.TypeFor[page[tree]]()
	}
	types := jsontype.Of("", []reflect.Type{
		reflect.TypeFor[page[base]](), reflect.TypeFor[page[other.Base]](), reflect.TypeFor[pair[status, *tree]](), reflect.TypeFor[Promise](), local(),
	}, nil)
	const here, there = "github.com/sojourn-go/sojourn/framework/internal/jsontype_test.", "github.com/sojourn-go/sojourn/framework/internal/jsontype/testdata/other."
	want := [][2]string{
		{"Jsontype_testPageBase", here + "page[" + here + "base]"},
		{"Jsontype_testBase", here + "base"},
		{"Jsontype_testPageBase2", here + "page[" + there + "Base]"},
		{"OtherBase", there + "Base"},
		{"PairStatusTree", here + "pair[" + here + "status,*" + here + "tree]"},
		{"Status", here + "status"},
		{"Jsontype_testTree", here + "tree"},
		{"Jsontype_testPromise", here + "Promise"},
		{"PageTree", ""},
		{"Jsontype_testTree2", here + "tree"},
	}
	got := types.Declared()
	if len(got) != len(want) {
		t.Fatalf("%d types, want %d", len(got), len(want))
	}
	for i, d := range got {
		if d.Name != want[i][0] || want[i][1] != "" && d.Go != want[i][1] {
			t.Errorf("%s is %s, want %s of %s", d.Go, d.Name, want[i][0], want[i][1])
		}
	}
}
