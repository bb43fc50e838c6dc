package explain

import (
	"html/template"
	"io"
	"strings"
)

// page holds the drawing and the whole map as text below it; html/template escapes what is filled in.
var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{.Map.Host}}: the ways of packets</title>
<style>
:root{color-scheme:light dark}
body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:110rem;padding:0 1rem;background:Canvas;color:CanvasText}
svg{width:100%;height:auto}pre{overflow:auto;font:13px/1.4 ui-monospace,Menlo,Consolas,monospace}
</style></head><body>
<h1>{{.Map.Host}}</h1>
<p>{{.Map.Engine}}</p>
{{range .Map.Remarks}}<p>{{.}}</p>
{{end}}{{.Drawing}}<pre>{{.Text}}</pre>
</body></html>
`))

// HTML draws the map as one page that needs nothing else.
func (m *Map) HTML(w io.Writer) error {
	var drawing, text strings.Builder
	if err := m.SVG(&drawing); err != nil {
		return err
	}
	m.Text(&text, func(heading string) string { return heading })
	return page.Execute(w, struct {
		Map     *Map
		Drawing template.HTML // escaped by SVG
		Text    string
	}{m, template.HTML(drawing.String()), text.String()})
}
