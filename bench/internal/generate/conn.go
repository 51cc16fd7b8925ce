package generate

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/sojourn-go/sojourn/bench/internal/dialect"
)

// conn is a connection to the server, or one after the other, and the conversation that it carries.
type conn struct {
	*generator
	index int // among all connections
	talk  dialect.Session
	fd    int
	in    []byte // what came and is not whole
	out   []byte // what is to be written
	asked bool   // the kernel was asked to tell when it takes more

	n       int   // calls that were made
	waiting int   // calls without answer
	last    int   // number of the last message that came; -1: none yet
	since   int64 // when it was dialled
	stands  bool  // the conversation stands since this read
	stuck   bool  // it does not read
	late    *late // it did not read for a while; nil: it always did
}

// dial begins a connection. Sources vary, since each address has only so many ports.
func (g *generator) dial(talk dialect.Session) (*conn, error) {
	c := &conn{generator: g, talk: talk, last: -1}
	return c, c.dial()
}

func (c *conn) dial() error {
	to, err := netip.ParseAddrPort(c.address())
	if err != nil {
		return fmt.Errorf("generate: the server's address: %w", err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("generate: socket: %w", err)
	}
	c.fd, c.since, c.in, c.out, c.asked = fd, c.now(), c.in[:0], c.out[:0], true
	for len(c.byFD) <= fd {
		c.byFD = append(c.byFD, nil)
	}
	c.byFD[fd] = c
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	c.dials++
	err = os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, byte(c.dials >> 8 & 0x3f), byte(c.dials | 1)}}))
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
		if err == unix.EINPROGRESS {
			err = nil
		}
		err = os.NewSyscallError("connect", err)
	}
	if err == nil {
		err = unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT, Fd: int32(fd)})
	}
	if err != nil {
		c.close()
		return fmt.Errorf("generate: %w", err)
	}
	c.talk.Open(&c.out) // written when the connection stands
	return nil
}

func (c *conn) address() string {
	if p, ok := c.talk.(poster); ok {
		return p.host
	}
	if c.moved {
		return c.spec.Publish
	}
	return c.spec.address(c.index)
}

func (c *conn) close() {
	c.byFD[c.fd] = nil
	_ = unix.Close(c.fd)
}

// happened deals with what epoll tells.
func (c *conn) happened(events uint32) error {
	if events&unix.EPOLLOUT != 0 {
		if err := c.flush(); err != nil {
			return err
		}
	}
	if events&^unix.EPOLLOUT != 0 {
		return c.read()
	}
	return nil
}

func (c *conn) read() error {
	kept := copy(c.buffer, c.in)
	if kept == len(c.buffer) {
		return fmt.Errorf("a message of more than %d bytes", kept)
	}
	n, err := unix.Read(c.fd, c.buffer[kept:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return nil
	case err != nil:
		return os.NewSyscallError("read", err)
	case n == 0:
		return fmt.Errorf("the server has closed a connection")
	}
	taken, err := c.talk.Read(c.buffer[:kept+n], &c.out, c)
	if err != nil {
		return err
	}
	c.in = append(c.in[:0], c.buffer[taken:kept+n]...)
	if err := c.flush(); err != nil || !c.stands {
		return err
	}
	c.stands = false
	c.job.stands(c)
	return nil
}

// flush writes what is to be written, as far as the kernel takes it.
func (c *conn) flush() error {
	for len(c.out) > 0 {
		n, err := unix.Write(c.fd, c.out)
		if err == unix.EAGAIN {
			return c.ask(true)
		}
		if err != nil && err != unix.EINTR {
			return os.NewSyscallError("write", err)
		}
		c.out = append(c.out[:0], c.out[max(n, 0):]...)
	}
	return c.ask(false)
}

// ask has the kernel tell when it takes more, or not.
func (c *conn) ask(more bool) error {
	if c.asked == more {
		return nil
	}
	c.asked = more
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(c.fd)}
	if more {
		e.Events |= unix.EPOLLOUT
	}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(c.epoll, unix.EPOLL_CTL_MOD, c.fd, &e))
}

// send writes what was appended to out, outside of a read.
func (c *conn) send() {
	if err := c.flush(); err != nil {
		c.broke(c, err)
	}
}

// Opened implements dialect.Hearer.
func (c *conn) Opened() { c.stands = true }

// Came implements dialect.Hearer.
func (c *conn) Came(payload []byte) {
	if c != c.side {
		c.job.came(c, payload)
	}
}

// Lost implements dialect.Hearer.
func (c *conn) Lost() {
	if c.late == nil {
		c.fail(errors.New("generate: who reads all the time is told that something was lost"))
		return
	}
	c.late.warned = true
}

// Post implements dialect.Hearer.
func (c *conn) Post(path string, body []byte) { c.post(path, body) }

// post makes a POST to where things are published.
func (g *generator) post(path string, body []byte) {
	if g.side == nil {
		var err error
		if g.side, err = g.dial(poster{g.spec.Publish}); err != nil {
			g.fail(err)
			return
		}
	}
	g.side.out = dialect.AppendPost(g.side.out, g.spec.Publish, path, body)
	g.side.send()
}

// poster is the conversation of the connection for POSTs. They do not wait for each other's answers: HTTP/1.1 answers in order.
type poster struct{ host string }

func (poster) Open(*[]byte) {}

func (poster) Call(*[]byte, []byte) {}

func (poster) Read(in []byte, _ *[]byte, h dialect.Hearer) (taken int, err error) {
	for {
		_, n, err := dialect.Response(in[taken:])
		taken += n
		if n == 0 || err != nil {
			return taken, err
		}
	}
}
