package explain

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
)

// Sizes of the drawing, in pixels; the font is 11 pixels high and its letters at most 6.7 wide.
const (
	margin    = 14
	gap       = 42 // between boxes, for arrows
	wide      = 250
	narrow    = 150
	headRoom  = 44
	rowHeight = 31
	letter    = 6.7
)

// drawingStyle keeps the drawing readable on light and dark grounds, without anything from elsewhere. It has no variables,
// which many viewers of drawings do not know.
const drawingStyle = `<style>
text{font:11px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1a1a1a}
.ground{fill:#fff}.box{fill:#f4f4f2;stroke:#888}.own{fill:#cdebd3}.docker{fill:#d6e7f9}.other{fill:#f6e8c8}
.head{font-weight:bold;font-size:13px}.faint{fill:#555}.way{fill:none;stroke:#777;stroke-width:1.5}.tip{fill:#777}
@media (prefers-color-scheme:dark){
text{fill:#eee}.ground{fill:#16181c}.box{fill:#24272d;stroke:#777}.own{fill:#1d4427}.docker{fill:#1c3a58}.other{fill:#4a3a17}
.faint{fill:#b5b5b5}.way{stroke:#999}.tip{fill:#999}}
</style>`

// box is a rectangle with a heading and rows.
type box struct {
	x, y, width int
	head, sees  string
	rows        []row
}

// row is two lines of text on a ground of its own.
type row struct{ class, first, second, hint string }

func (b *box) height() int { return headRoom + max(1, len(b.rows))*rowHeight + 6 }

// SVG draws the map as a drawing that needs nothing else: no scripts, fonts or pictures from elsewhere.
func (m *Map) SVG(w io.Writer) error {
	var b strings.Builder
	upper, lower := m.boxes()
	height := place(upper, lower)
	width := upper[len(upper)-1].x + upper[len(upper)-1].width + margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n",
		width, height, escape("the ways of packets through "+m.Host))
	b.WriteString(drawingStyle + "\n")
	b.WriteString(`<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">` +
		`<path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>` + "\n")
	fmt.Fprintf(&b, `<rect class="ground" width="%d" height="%d"/>`+"\n", width, height)
	for _, arrow := range arrows(upper, lower) {
		fmt.Fprintf(&b, `<path class="way" marker-end="url(#tip)" d="%s"/>`+"\n", arrow)
	}
	for _, x := range slices.Concat(upper, lower) {
		x.draw(&b)
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// boxes are those of the way through the host, and those of the way into it.
func (m *Map) boxes() (upper, lower []*box) {
	hook := func(name string) *box {
		i := slices.IndexFunc(m.Hooks, func(h Hook) bool { return h.Name == name })
		sees, _, _ := strings.Cut(strings.ReplaceAll(m.Hooks[i].Sees, ":", ","), ",")
		return &box{width: wide, head: name, sees: sees, rows: stationRows(m.Hooks[i].Stations)}
	}
	routing := &box{width: narrow, head: "routing", rows: []row{{"", "elsewhere: forward", "to this host: input", ""}}}
	upper = []*box{{width: narrow + 30, head: "outside", rows: linkRows(m.Outside)}, hook("prerouting"), routing, hook("forward"),
		hook("postrouting"), {width: wide, head: "networks, or outside", rows: networkRows(m.Networks)}}
	lower = []*box{hook("input"), {width: narrow + 30, head: "docker-proxy", rows: m.proxyRows()}, hook("output")}
	return upper, lower
}

// place gives boxes their places, and returns the height of the drawing.
func place(upper, lower []*box) int {
	x, tallest := margin, 0
	last := upper[len(upper)-1] // nothing is below it
	for _, b := range upper {
		b.x, b.y = x, margin
		x += b.width + gap
		if b != last {
			tallest = max(tallest, b.height())
		}
	}
	y := margin + tallest + gap
	x, deepest := upper[1].x, last.height()-tallest-gap
	for _, b := range lower {
		b.x, b.y = x, y
		x += b.width + gap
		deepest = max(deepest, b.height())
	}
	return y + deepest + margin
}

// arrows are the ways between boxes.
func arrows(upper, lower []*box) []string {
	var list []string
	for i := 1; i < len(upper); i++ {
		list = append(list, between(upper[i-1], upper[i]))
	}
	for i := 1; i < len(lower); i++ {
		list = append(list, between(lower[i-1], lower[i]))
	}
	routing, input, output, post := upper[2], lower[0], lower[2], upper[4]
	bend := input.y - gap/2
	list = append(list, fmt.Sprintf("M%d %dV%dH%dV%d", routing.x+routing.width/2, routing.y+routing.height(), bend,
		input.x+input.width/2, input.y))
	return append(list, fmt.Sprintf("M%d %dH%dV%d", output.x+output.width, output.y+headRoom/2, post.x+post.width/2,
		post.y+post.height()))
}

func between(a, b *box) string {
	return fmt.Sprintf("M%d %dH%d", a.x+a.width, a.y+headRoom/2, b.x)
}

func (b *box) draw(w *strings.Builder) {
	fmt.Fprintf(w, `<g><rect class="box" x="%d" y="%d" width="%d" height="%d" rx="5"/>`+"\n", b.x, b.y, b.width, b.height())
	b.text(w, "head", 18, b.head, "")
	if b.sees != "" {
		b.text(w, "faint", 34, b.sees, b.sees)
	}
	for i, r := range b.rows {
		top := headRoom + i*rowHeight
		if r.class != "" {
			fmt.Fprintf(w, `<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="3"/>`+"\n", r.class, b.x+5, b.y+top,
				b.width-10, rowHeight-3)
		}
		b.text(w, "", top+12, r.first, r.hint)
		b.text(w, "faint", top+24, r.second, r.hint)
	}
	w.WriteString("</g>\n")
}

// text writes a line, cut to the box; the whole of it is in a hint.
func (b *box) text(w *strings.Builder, class string, y int, text, hint string) {
	room := int(float64(b.width-20) / letter)
	if runes := []rune(text); len(runes) > room {
		text = string(runes[:room-1]) + "…"
	}
	if class != "" {
		class = ` class="` + class + `"`
	}
	if hint != "" {
		hint = "<title>" + escape(hint) + "</title>"
	}
	fmt.Fprintf(w, `<text%s x="%d" y="%d">%s%s</text>`+"\n", class, b.x+10, b.y+y, escape(text), hint)
}

// escape makes text safe inside XML and its attributes.
func escape(text string) string { return html.EscapeString(text) }
