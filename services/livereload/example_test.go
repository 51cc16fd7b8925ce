package livereload_test

import (
	"embed"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/services/livereload"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/ws"
)

//go:embed livereload.go
var embedded embed.FS

// program is one whose page is embedded, and with -dev on disk.
func program(args ...string) (http.Handler, error) {
	flags := flag.NewFlagSet("shop", flag.ContinueOnError)
	dev := flags.Bool("dev", false, "serve the page from disk, and reload it when it changes")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	var (
		page     fs.FS = embedded
		services []framework.Service
	)
	if *dev {
		page = os.DirFS("page")
		services = append(services, livereload.New("page"))
	}
	rt, err := framework.New(framework.Config{Transports: []transports.Transport{ws.Transport{}}, Services: services})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServerFS(page))
	mux.Handle("/rt/", rt)
	return mux, nil
}

// Pages reload in development, and have nothing of it in production.
func Example() {
	for _, args := range [][]string{nil, {"-dev"}} {
		served, err := program(args...)
		if err != nil {
			fmt.Println(err)
			return
		}
		w := httptest.NewRecorder()
		served.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/rt/app.js", nil))
		fmt.Println(args, strings.Contains(w.Body.String(), "livereload"))
	}
	// Output:
	// [] false
	// [-dev] true
}
