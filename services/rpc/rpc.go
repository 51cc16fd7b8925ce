// Package rpc makes a service of plain Go functions, which know nothing of the framework:
//
//	func add(ctx context.Context, in Pair) (int, error) { return in.A + in.B, nil }
//
//	rpc.New("math", rpc.Funcs{"add": rpc.Func(add)})
//
// The page calls them by name, and is answered with JSON, or with bytes where the type is []byte:
//
//	const sum = await app.math.add({ A: 1, B: 2 })
//
// A call runs in a turn, as every method's does: its answer reaches the page once, and the function may run more than once before that. So effects outside of the
// turn are to be repeatable. The context ends with the turn's time, and when the instance drains. It is the turn itself, for those who want it:
//
//	t, ok := ctx.(*framework.Turn)
//
// What an error says stays in the log, unless it is a [framework.Error]. A middleware can make those of the errors that a package has:
//
//	math := rpc.New("math", funcs)
//	math.Middleware = []framework.Middleware{tellNotFound}
package rpc

import (
	"context"

	"github.com/sojourn-go/sojourn/framework"
)

// Funcs are a service's functions, by the names that pages call them by. Make them with [Func], [Get], [Do] and [Run].
type Funcs = framework.Methods

// New returns a service of a name with these functions. What is wrong with the names, [framework.New] says.
func New(name string, funcs Funcs) framework.Service {
	return framework.Service{Name: name, Methods: funcs}
}

// Func makes a function callable that has an input and an answer.
func Func[In, Out any](f func(context.Context, In) (Out, error)) framework.Method {
	if f == nil {
		return framework.Method{}
	}
	return framework.Call(func(t *framework.Turn, in In) (Out, error) { return f(t, in) })
}

// Get makes a function callable that has an answer and no input.
func Get[Out any](f func(context.Context) (Out, error)) framework.Method {
	if f == nil {
		return framework.Method{}
	}
	return framework.Call(func(t *framework.Turn, _ struct{}) (Out, error) { return f(t) })
}

// Do makes a function callable that has an input and no answer. Its caller learns that it is done, or its error.
func Do[In any](f func(context.Context, In) error) framework.Method {
	if f == nil {
		return framework.Method{}
	}
	return framework.Event(func(t *framework.Turn, in In) error { return f(t, in) })
}

// Run makes a function callable that has neither input nor answer. Its caller learns that it is done, or its error.
func Run(f func(context.Context) error) framework.Method {
	if f == nil {
		return framework.Method{}
	}
	return framework.Event(func(t *framework.Turn, _ struct{}) error { return f(t) })
}
