package typescript_test

import (
	"fmt"
	"strings"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/typescript"
	"github.com/sojourn-go/sojourn/framework/typescript/testdata/shop"
)

func ExampleOf() {
	text, err := typescript.Of(framework.Service{
		Name: "shop",
		Methods: framework.Methods{
			"find": framework.Call(func(_ *framework.Turn, id string) (*shop.Line, error) { return nil, nil }),
			"mark": framework.Event(func(_ *framework.Turn, s shop.Status) error { return nil }).Volatile(),
		},
		Topics: []framework.Stream{&framework.Topic[shop.Status]{Name: "orders", Subscribe: framework.Anyone}},
		Client: framework.ClientMethods{"confirm": framework.Question[shop.Line, bool]()},
	})
	if err != nil {
		fmt.Println(err)
	}
	services, _, _ := strings.Cut(string(text), "\n/** The instance's half") // what is there for all services
	fmt.Println(services)
	// Output:
	// // What the page can call, and hear of. Written by sojourn; do not edit.
	//
	// export type Status = 'open' | 'done' | "it's"
	//
	// export interface Line {
	//   what: string
	//   note?: string
	// }
	//
	// /** What the services offer, by name. */
	// export interface Services {
	//   shop: {
	//     methods: {
	//       find(value: string, options?: sojourn.CallOptions): Promise<Line | null>
	//       mark(value: Status, options?: sojourn.CallOptions): Promise<void>
	//     }
	//     volatile: {
	//       mark(value: Status, options?: sojourn.CallOptions): Promise<void>
	//     }
	//     topics: {
	//       orders: Status
	//     }
	//     states: {}
	//     client: {
	//       confirm(value: Line): boolean | Promise<boolean>
	//     }
	//   }
	// }
}
