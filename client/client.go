package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// Client is one conversation. All its methods may be called at once, by any goroutine; see the package's documentation for callbacks.
type Client struct {
	url      string
	options  Options
	http     *http.Client
	tls      *tls.Config // of WebSockets
	carriers map[string]carrier

	ctx    context.Context // ends when the client does
	cancel context.CancelFunc
	wake   chan struct{} // holds one when there may be something to bring up
	kick   chan struct{} // holds one when the next session is not to be waited for
	first  chan struct{} // closed when the first hello was answered
	done   chan struct{} // closed when every goroutine is gone
	asking chan struct{} // holds one while the program is asked for credentials
	calls  *callbacks
	drop   context.CancelFunc // has callbacks dropped that were not called yet

	mu       sync.Mutex
	conv     *conversation
	handlers map[string]Handler
	names    []string  // of transports, the best first; never changed in place
	current  int       // index in names of the one in use
	told     string    // transport that the program knows of
	climbAt  time.Time // when better transports are tried; zero: the best is in use
	session  *session  // nil between two
	open     bool      // session has been answered a hello
	opened   bool      // some session was: first is closed
	closing  *message  // the goodbye
	err      error     // why the client ended

	failure error // of the last session; to be read when done is closed
}

// Dial begins a conversation with the service that is mounted at url, "https://example.org/rt", and returns when an instance has
// answered. It tries again until ctx ends, whose error is returned then with that of the last attempt; or until an instance says that it is of no use, with an error that
// wraps the [*protocol.Close]; or Options.Reconnect has it give up. ctx does not bound the conversation.
func Dial(ctx context.Context, url string, options *Options) (*Client, error) {
	c, err := newClient(url, options.withDefaults())
	if err != nil {
		return nil, err
	}
	c.start()
	select {
	case <-c.first:
	case <-c.ctx.Done():
	case <-ctx.Done():
	}
	if err := c.Err(); err != nil {
		c.Abandon()
		return nil, err
	}
	if ctx.Err() != nil {
		c.Abandon()
		err := context.Cause(ctx)
		if c.failure != nil {
			err = fmt.Errorf("%w; the last attempt: %w", err, c.failure)
		}
		return nil, fmt.Errorf("client: dial: %w", err)
	}
	return c, nil
}

func newClient(url string, o Options) (*Client, error) {
	if !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
		return nil, fmt.Errorf("client: %q is not an http or https URL", url)
	}
	c := &Client{
		url:      strings.TrimSuffix(url, "/"),
		options:  o,
		http:     o.HTTPClient,
		carriers: map[string]carrier{"ws": carryWS, "sse": carrySSE, "longpoll": carryLongPoll},
		wake:     make(chan struct{}, 1),
		kick:     make(chan struct{}, 1),
		first:    make(chan struct{}),
		done:     make(chan struct{}),
		asking:   make(chan struct{}, 1),
		conv:     newConversation(o.Build),
		handlers: map[string]Handler{},
	}
	maps.Copy(c.handlers, o.Handlers)
	for _, name := range o.Transports {
		if c.carriers[name] == nil {
			return nil, fmt.Errorf("client: no transport %q", name)
		}
		if !slices.Contains(c.names, name) {
			c.names = append(c.names, name)
		}
	}
	if c.http == nil {
		c.http = &http.Client{Transport: &http.Transport{
			Proxy:              http.ProxyFromEnvironment,
			DialContext:        o.DialContext,
			ForceAttemptHTTP2:  true,
			DisableCompression: true, // a compressed stream comes in lumps
		}}
	}
	c.tls = tlsOfWS(c.http)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	quit, drop := context.WithCancel(context.Background())
	c.calls, c.drop = newCallbacks(quit, o.Questions), drop
	return c, nil
}

func (c *Client) start() {
	go func() {
		defer close(c.done)
		c.supervise()
		c.calls.close()
		c.drop()
		if c.options.HTTPClient == nil {
			c.http.CloseIdleConnections()
		}
	}()
}

// Close says goodbye, after everything that was sent before, and ends the client when that took effect; it returns when
// nothing of the client runs any more. If ctx ends first the client is abandoned and ctx's error is returned.
//
// Callbacks that are due are still called. Questions are not waited for: the ctx of their handlers ends with the client, and Close returns when the
// handlers have; their answers go nowhere.
func (c *Client) Close(ctx context.Context) error {
	c.mu.Lock()
	if c.closing == nil && c.err == nil {
		c.closing, _ = newMessage(protocol.Goodbye, "", nil)
		c.conv.add(c.closing)
	}
	bye := c.closing
	c.mu.Unlock()
	c.wakeUp()
	if bye != nil {
		select {
		case <-bye.done:
		case <-c.done:
		case <-ctx.Done():
			c.Abandon()
			return fmt.Errorf("client: close: %w", context.Cause(ctx))
		}
	}
	c.end(ErrClosed)
	<-c.done
	return nil
}

// Abandon drops everything without a goodbye, as a process does that is killed; callbacks that were due are not called. It returns when nothing of the
// client runs any more. The socket ends when its time to live is over.
func (c *Client) Abandon() {
	c.drop()
	c.end(ErrClosed)
	<-c.done
}

// Err returns why the client ended: [ErrClosed], or what wraps the [*protocol.Close] that an instance sent. It is nil until then.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Done is closed when the client has ended.
func (c *Client) Done() <-chan struct{} { return c.ctx.Done() }

// ID returns the socket's id. It changes when the conversation had to begin anew: see Options.OnLost.
func (c *Client) ID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return protocol.CredentialOf(c.conv.key).Socket
}

// Transport returns the name of the transport in use; "" while there is no connection.
func (c *Client) Transport() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.open {
		return ""
	}
	return c.names[c.current]
}

// Use goes on with another transport, at once, as the one to be preferred to all others; it does not wait until it is connected. Nothing is lost. It is an
// error if there is no such transport.
func (c *Client) Use(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.carriers[name] == nil {
		return fmt.Errorf("client: no transport %q", name)
	}
	others := slices.DeleteFunc(slices.Clone(c.names), func(other string) bool { return other == name })
	c.names, c.current = append([]string{name}, others...), 0
	select {
	case c.kick <- struct{}{}:
	default:
	}
	if c.session != nil {
		c.session.cancel(errSwitch)
	}
	return nil
}

// end ends the client: nothing is carried any more, and what is open fails with err. The first call counts.
func (c *Client) end(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
		if c.closing != nil {
			c.closing.settle(nil, nil) // the conversation has ended, one way or the other
		}
		c.conv.fail(err)
	}
	c.mu.Unlock()
	c.cancel()
}

// wakeUp has whoever brings messages up look for some.
func (c *Client) wakeUp() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *Client) trace(direction string, frame []byte) {
	if c.options.Trace != nil {
		c.options.Trace(direction, frame)
	}
}
