package report

import (
	"fmt"
	"html"
	"strings"

	"github.com/sojourn-go/sojourn/bench/internal/measure"
	"github.com/sojourn-go/sojourn/bench/internal/work"
)

// Measures of a chart, in pixels. Charts are narrow, so that their text can be read on a phone.
const (
	chartWidth = 480
	nameWidth  = 160
	barsWidth  = 220
	rowHeight  = 26
	headHeight = 44
)

// barChart draws a case's first figure: a bar for each server, to the median, with the range as a line across its end. Ours are in another colour.
func barChart(title string, c work.Case, s measure.Series) string {
	f := c.Figures[0]
	spreads := make([]measure.Spread, len(c.Servers))
	most := 0.0
	for i, server := range c.Servers {
		spreads[i] = c.Read(f, s, server)
		most = max(most, spreads[i].High)
	}
	x := func(v float64) float64 {
		if most <= 0 {
			return nameWidth
		}
		return nameWidth + barsWidth*max(0, v)/most
	}
	var b strings.Builder
	begin(&b, headHeight+rowHeight*len(c.Servers)+8, title+": "+f.Name+better(f))
	for i, server := range c.Servers {
		v, top := spreads[i], float64(headHeight+rowHeight*i)
		colour := "#9aa5b1"
		if isOurs(server) {
			colour = "#2f6db5"
		}
		middle := top + rowHeight/2
		text(&b, nameWidth-8, middle+5, "end", server)
		fmt.Fprintf(&b, `<rect x="%d" y="%.1f" width="%.1f" height="%d" fill="%s"/>`+"\n", nameWidth, top+4, x(v.Median)-nameWidth, rowHeight-8, colour)
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%[2]v" stroke="#1f2933" stroke-width="1.5"/>`+"\n", x(v.Low), middle, x(v.High))
		text(&b, x(max(v.High, v.Median))+6, middle+5, "start", label(f, v))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// begin begins a chart of some height.
func begin(b *strings.Builder, height int, title string) {
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="sans-serif" font-size="14">`+"\n", chartWidth, height)
	fmt.Fprintf(b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", chartWidth, height)
	text(b, 10, 24, "start", title)
}

func text(b *strings.Builder, x, y float64, anchor, s string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="#1f2933">%s</text>`+"\n", x, y, anchor, html.EscapeString(s))
}

func better(f work.Figure) string {
	if f.More {
		return " (more is better)"
	}
	return " (less is better)"
}

func label(f work.Figure, v measure.Spread) string {
	if f.Relative {
		return fmt.Sprintf("%.2f", v.Median)
	}
	return quantity(v.Median, f.Unit)
}
