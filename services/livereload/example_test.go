package livereload_test

import (
	"embed"
	"flag"
	"io/fs"
	"log"
	"net/http"
	"os"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/services/livereload"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/ws"
)

//go:embed livereload.go
var embedded embed.FS

// A program whose page is embedded, and with -dev on disk.
func Example() {
	dev := flag.Bool("dev", false, "serve the page from disk, and reload it when it changes")
	flag.Parse()
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
		log.Fatal(err)
	}
	http.Handle("/", http.FileServerFS(page))
	http.Handle("/rt/", rt)
	log.Fatal(http.ListenAndServe("localhost:8080", nil))
}
