module github.com/sojourn-go/sojourn/client/js/build

go 1.26

require (
	github.com/evanw/esbuild v0.28.2
	github.com/sojourn-go/sojourn v0.0.0
)

require golang.org/x/sys v0.47.0 // indirect

replace github.com/sojourn-go/sojourn => ../../..
