package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sojourn-go/sojourn/client"
)

// dialing is how a server is reached, and as whom.
type dialing struct {
	transports string
	bearer     string
	header     http.Header
	timeout    time.Duration
}

func (d *dialing) flags(f *flag.FlagSet) {
	d.header = http.Header{}
	f.StringVar(&d.transports, "transports", "ws,sse,longpoll", "the `transports` to try, the best first")
	f.StringVar(&d.bearer, "bearer", "", "a `token` that says who is asking")
	f.DurationVar(&d.timeout, "timeout", 10*time.Second, "how long to wait for the server")
	f.Func("header", "a `header` of every request, as \"Cookie: session=...\"; may be given more than once", func(text string) error {
		name, value, ok := strings.Cut(text, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return errors.New(`it has the form "Name: value"`)
		}
		d.header.Add(name, strings.TrimSpace(value))
		return nil
	})
}

// dial begins a conversation. Options may have handlers and callbacks; the rest is set here.
func (d *dialing) dial(ctx context.Context, url string, options client.Options) (*client.Client, error) {
	if !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
		return nil, fmt.Errorf("%q is not the URL of a server's mount, as http://localhost:8080/rt", url)
	}
	options.Transports = strings.Split(d.transports, ",")
	options.Header = d.header
	if d.bearer != "" {
		options.Auth = client.Token(d.bearer)
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	if err := d.find(ctx, url); err != nil {
		return nil, err
	}
	return client.Dial(ctx, url, &options)
}

// find returns an error if there is no mount at the URL, but something else that answers: a client would go on asking, for a server that is being started.
func (d *dialing) find(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/client.js", nil)
	if err != nil {
		return err
	}
	r.Header, r.Close = d.header.Clone(), true
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil // the client tries again, and says what it is
	}
	defer response.Body.Close()
	script := strings.HasPrefix(response.Header.Get("Content-Type"), "text/javascript")
	switch code := response.StatusCode; {
	case code == http.StatusOK && !script, code == http.StatusNotFound, code == http.StatusMethodNotAllowed:
		return fmt.Errorf("%s has no client.js, so it is not a server's mount, as http://localhost:8080/rt is", url)
	}
	return nil
}

// secrets are what nobody should find in a file.
func (d *dialing) secrets() []string {
	secrets := []string{d.bearer}
	for _, values := range d.header {
		secrets = append(secrets, values...)
	}
	return secrets
}
