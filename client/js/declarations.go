package js

import (
	_ "embed"
	"strings"
)

var (
	//go:embed src/transport.d.ts
	transportTypes string
	//go:embed client.d.ts
	clientTypes string
	//go:embed types/app.d.ts
	appTypes string
	//go:embed types/discover.d.ts
	discoverTypes string
)

// Declarations returns the types of the client, of transports, of apps and of discovery, as the inside of one TypeScript namespace: the package's declarations
// without what they import from each other.
func Declarations() string {
	var b strings.Builder
	for _, file := range []string{clientTypes, appTypes, discoverTypes, transportTypes} {
		begun := false
		for line := range strings.Lines(file) {
			if strings.HasPrefix(line, "import ") || strings.HasPrefix(line, "export type *") || strings.HasPrefix(line, "export type {") {
				continue
			}
			if begun = begun || strings.HasPrefix(line, "export ") || strings.HasPrefix(line, "/**"); begun { // what is above is about the file
				b.WriteString(line)
			}
		}
		b.WriteByte('\n')
	}
	return strings.TrimSpace(b.String()) + "\n"
}
