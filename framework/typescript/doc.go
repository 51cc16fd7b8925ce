// Package typescript writes what services offer as TypeScript declarations, so that an editor, or tsc, finds a page's wrong names and values
// before anybody opens it. docs/types.md says how to use them.
//
//	var update = flag.Bool("update", false, "write generated files")
//
//	func TestTypes(t *testing.T) {
//		if err := typescript.Check("page/types.d.ts", *update, chat, todo); err != nil {
//			t.Error(err)
//		}
//	}
//
// Names and types are those of [framework.Describe], what of JSON is optional, null or a string included. A Go string type that has constants
// in its package is a union of them, where the package's source is at hand.
package typescript
