package main

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The page is for who has logged in, on whatever instance, and no longer.
func TestLogIn(t *testing.T) {
	st := memory.New(memory.Options{})
	defer st.Close()
	var urls []string
	for range 2 {
		p, err := newProgram(st, embedded, "")
		if err != nil {
			t.Fatal(err)
		}
		defer p.rt.Close()
		s := httptest.NewServer(p.newEcho(embedded))
		defer s.Close()
		urls = append(urls, s.URL)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar} // to which both are one host
	defer browser.CloseIdleConnections()
	leadsTo := func(response *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", response.Request.URL, response.Status)
		}
		return strings.TrimPrefix(strings.TrimPrefix(response.Request.URL.String(), urls[0]), urls[1])
	}
	if to := leadsTo(browser.Get(urls[0])); to != "/login.html" {
		t.Errorf("without a log-in one comes to %s", to)
	}
	for _, name := range []string{"", "\u200b", strings.Repeat("x", maxName+1)} {
		if to := leadsTo(browser.PostForm(urls[0]+"/login", url.Values{"name": {name}})); to != "/login.html" {
			t.Errorf("as %q one comes to %s", name, to)
		}
	}
	if to := leadsTo(browser.PostForm(urls[0]+"/login", url.Values{"name": {" Ann "}})); to != "/" {
		t.Errorf("as Ann one comes to %s", to)
	}
	if to := leadsTo(browser.Get(urls[1] + "/")); to != "/" {
		t.Errorf("on the other instance one comes to %s", to)
	}
	if to := leadsTo(browser.PostForm(urls[1]+"/logout", nil)); to != "/login.html" {
		t.Errorf("after the log-out one comes to %s", to)
	}
	if to := leadsTo(browser.Get(urls[0])); to != "/login.html" {
		t.Errorf("after the log-out, on the other instance, one comes to %s", to)
	}
}
