package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// offers waits until the page offers exactly these emoji, the chosen one marked: "*😄 smile".
func (p *tab) offers(options ...string) {
	p.t.Helper()
	until(p.t, func() string {
		got, err := evaluate[[]string](p, `[...document.querySelectorAll('#emoji [role=option]')].map(e => {
			const chosen = e.id === $('#text').getAttribute('aria-activedescendant') && e.ariaSelected === 'true'
			return (chosen ? '*' : '') + e.textContent
		})`)
		if err == nil && slices.Equal(got, options) {
			return ""
		}
		return p.name + " is offered " + strings.Join(got, ", ") + ", want " + strings.Join(options, ", ")
	})
}

// types types into the box of what is said, where the caret is.
func (p *tab) types(keys string) {
	p.t.Helper()
	p.do(chromedp.SendKeys(chromedp.CSS("#text"), keys))
}

// has waits until the box of what is said has a text.
func (p *tab) has(text string) {
	p.t.Helper()
	until(p.t, func() string {
		got, err := evaluate[string](p, `$('#text').value`)
		if err == nil && got == text {
			return ""
		}
		return p.name + " has typed " + got + ", want " + text
	})
}

// Names of emoji become emoji, by keys and by pointer, and what only looks like one stays.
func TestEmojiWhileTyping(t *testing.T) {
	t.Parallel()
	c := memoryChat(t, nil)
	ann := visit(t, "Ann", c.URL).enter()
	ann.types("at 12:30 :smi")
	ann.offers("*😄 smile", "😏 smirk")
	ann.types(kb.ArrowDown)
	ann.offers("😄 smile", "*😏 smirk")
	ann.types(kb.ArrowDown)
	ann.offers("*😄 smile", "😏 smirk")
	ann.types(kb.ArrowUp)
	ann.types(kb.Enter)
	ann.has("at 12:30 😏 ")
	ann.offers()
	ann.types(":tad")
	ann.offers("*🎉 tada")
	ann.do(chromedp.Click(chromedp.CSS("#emoji li")))
	ann.has("at 12:30 😏 🎉 ")
	ann.types(":heart:")
	ann.has("at 12:30 😏 🎉 ❤️")
	ann.types(" and :star: and :xyz: :smi") // faster than the answers
	ann.has("at 12:30 😏 🎉 ❤️ and ⭐ and :xyz: :smi")
	ann.offers("*😄 smile", "😏 smirk")
	ann.types(kb.Escape)
	ann.offers()
	ann.types(kb.Enter)
	ann.shows("Ann: at 12:30 😏 🎉 ❤️ and ⭐ and :xyz: :smi")
}
