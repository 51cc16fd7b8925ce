package jsontype

import (
	"encoding/json"
	"math/big"
	"reflect"
	"testing"
	"time"
)

type (
	node struct {
		Next  *node
		Items []node
		_     chan int // what is not exported is not encoded
	}
	hidden struct {
		Done chan int `json:"-"`
		F    func()   `json:",omitzero"`
		L    []func() `json:",omitempty"`
	}
	outer struct {
		Inner struct {
			Each map[string][]func(int)
		} `json:"in"`
	}
	embedding struct {
		*outer
		N int
	}
	chanWithEmpty struct {
		C chan int `json:",omitempty"` // it is never empty
	}
	coded     chan int
	pointed   chan int
	decodable func()
)

func (coded) MarshalJSON() ([]byte, error)      { return []byte("1"), nil }
func (*pointed) MarshalText() ([]byte, error)   { return nil, nil }
func (*decodable) UnmarshalJSON(b []byte) error { return nil }

func TestNever(t *testing.T) {
	for _, row := range []struct {
		t    reflect.Type
		want string
	}{
		{reflect.TypeFor[int](), ""},
		{reflect.TypeFor[any](), ""},
		{reflect.TypeFor[error](), ""},
		{reflect.TypeFor[[]byte](), ""},
		{reflect.TypeFor[json.RawMessage](), ""},
		{reflect.TypeFor[struct{}](), ""},
		{reflect.TypeFor[time.Time](), ""},
		{reflect.TypeFor[*big.Float](), ""},
		{reflect.TypeFor[map[int]string](), ""},
		{reflect.TypeFor[node](), ""},
		{reflect.TypeFor[hidden](), ""},
		{reflect.TypeFor[coded](), ""},
		{reflect.TypeFor[[]pointed](), ""},
		{reflect.TypeFor[decodable](), ""},
		{reflect.TypeFor[chan int](), "that is a chan"},
		{reflect.TypeFor[func()](), "that is a func"},
		{reflect.TypeFor[complex128](), "that is a complex128"},
		{reflect.TypeFor[[]complex64](), "[]complex64[] is a complex64"},
		{reflect.TypeFor[map[float64]int](), "that is a map"},
		{reflect.TypeFor[chanWithEmpty](), "jsontype.chanWithEmpty.C is a chan int"},
		{reflect.TypeFor[outer](), "jsontype.outer.Inner.Each[][] is a func(int)"},
		{reflect.TypeFor[*embedding](), "*jsontype.embedding.Inner.Each[][] is a func(int)"},
	} {
		if got := Never(row.t); got != row.want {
			t.Errorf("%v: %q, want %q", row.t, got, row.want)
		}
	}
}

// What is said to be never encoded is not, and the other way round.
func TestNeverIsNever(t *testing.T) {
	f := func(int) {}
	o := outer{}
	o.Inner.Each = map[string][]func(int){"a": {f}}
	for _, row := range []struct {
		v  any
		ok bool
	}{
		{make(chan int), false}, {complex(1, 2), false}, {chanWithEmpty{}, false}, {o, false}, {map[float64]int{1: 1}, false},
		{coded(nil), true}, {hidden{}, true}, {node{}, true}, {map[int]string{1: "a"}, true},
	} {
		if _, err := json.Marshal(row.v); (err == nil) != row.ok || (Never(reflect.TypeOf(row.v)) == "") != row.ok {
			t.Errorf("%T: encoding/json says %v, Never %q", row.v, err, Never(reflect.TypeOf(row.v)))
		}
	}
}
