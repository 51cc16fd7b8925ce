package typescript

import "testing"

// The go command is asked for single packages only.
func TestPaths(t *testing.T) {
	for path, want := range map[string]bool{
		"example.org/shop/orders": true, "shop": true, "gopkg.in/yaml.v3": true, "a/b-c_d~e+f": true,
		"": false, "-toolexec=x": false, "./shop": false, "../shop": false, "/etc": false, "...": false, "os/...": false, "example.org/...": false, "all": false,
		"std": false, "cmd": false, "a b": false, "a//b": false, "a/": false, "a\nb": false, "C:\\shop": false, "a@v1": false, "a.go,b": false,
	} {
		if isPath(path) != want {
			t.Errorf("%q is one: %v", path, !want)
		}
	}
}
