package redis_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/internal/redistest"
	"github.com/sojourn-go/sojourn/store/redis"
)

func TestOpenRefusesEviction(t *testing.T) {
	url := redistest.Start(t, "--maxmemory-policy", "allkeys-lru")
	if _, err := redis.Open(t.Context(), url, redis.Options{}); err == nil || !strings.Contains(err.Error(), "allkeys-lru") {
		t.Fatalf("a server that evicts keys: %v", err)
	}
	var log bytes.Buffer
	s := open(t, url, redis.Options{AllowEviction: true, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if !strings.Contains(log.String(), "allkeys-lru") {
		t.Errorf("AllowEviction goes unsaid: %q", log.String())
	}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("a server that is allowed to evict: %v", err)
	}
}

func TestCheck(t *testing.T) {
	server := redistest.StartT(t)
	var log bytes.Buffer
	s := open(t, server.URL(), redis.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("a good server: %v", err)
	}
	c := plain(t, server.URL())
	do(t, c, "CONFIG", "SET", "maxmemory-policy", "volatile-ttl")
	if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "volatile-ttl") {
		t.Errorf("a server that evicts keys: %v", err)
	}
	if log.Len() > 0 {
		t.Errorf("a server that let itself be asked: %s", log.String())
	}
	server.Kill()
	if err := s.Check(t.Context()); err == nil {
		t.Error("a server that is not there is no error")
	}
}

func TestOpenWarnsOfWhatItCannotAsk(t *testing.T) {
	server := redistest.StartT(t)
	do(t, plain(t, server.URL()), "ACL", "SETUSER", "managed", "on", ">secret", "~*", "&*", "+@all", "-config")
	urls := map[string]string{"redis-server": "redis://managed:secret@" + server.Addr() + "/0", "miniredis": mini(t)}
	for name, url := range urls {
		var log bytes.Buffer
		s := open(t, url, redis.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "noeviction") {
			t.Errorf("%s: no warning: %q", name, log.String())
		}
		if err := s.Check(t.Context()); err != nil {
			t.Errorf("%s: Check: %v", name, err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	server := redistest.StartT(t, "--requirepass", "secret")
	for what, c := range map[string]struct {
		url string
		o   redis.Options
	}{
		"nobody listens": {url: "redis://" + l.Addr().String()},
		"not a URL":      {url: "http://127.0.0.1"},
		"wrong password": {url: "redis://:guess@" + server.Addr()},
		"no password":    {url: server.URL()},
		"bad cell":       {url: mini(t), o: redis.Options{Cell: "a}b"}},
		"bad prefix":     {url: mini(t), o: redis.Options{Prefix: "{"}},
	} {
		s, err := redis.Open(context.Background(), c.url, c.o)
		if err == nil {
			s.Close()
			t.Errorf("%s: no error", what)
		} else if !strings.HasPrefix(err.Error(), "redis: open: ") {
			t.Errorf("%s: %v", what, err)
		}
	}
	open(t, "redis://:secret@"+server.Addr()+"/3", redis.Options{})
}
