package policy

import (
	"fmt"
	"strconv"
	"strings"
)

// How the kinds of container selectors begin.
const (
	networkPrefix = "network:"
	labelPrefix   = "label:"
)

// peers parses what follows `from` or `to`: addresses and sets, or containers.
func (s *sentence) peers(after word, addresses bool) Peers {
	p := Peers{Items: s.list(after, addresses, true)}
	if s.peek() == "except" {
		p.Except = s.list(s.take(), addresses, false)
	}
	return p
}

// list parses peers between commas. `any`, where it may stand, is a list without items, and stands alone.
func (s *sentence) list(after word, addresses, mayBeAny bool) []Peer {
	wanted := "addresses or sets"
	if !addresses {
		wanted = "containers"
	}
	var items []Peer
	for count := 1; ; count++ {
		w, ok := s.operand(after, wanted)
		if !ok && s.peek() != "," {
			return items
		}
		if ok && w.text != "any" {
			items = s.peer(items, w, addresses)
		} else if ok && (!mayBeAny || count > 1 || s.peek() == "," && !s.clauseAt(s.next+1)) {
			s.fail(w, faultf("leave out `any`, or the others", "`any` stands alone, and never after `except`"))
		}
		if s.peek() != "," {
			return items
		}
		after = s.take()
	}
}

func (s *sentence) peer(items []Peer, w word, addresses bool) []Peer {
	read := containerPeer
	if addresses {
		read = addressPeer
	}
	p, f := read(w.text)
	if f == nil && p.Container != nil && p.Container.Port != 0 && s.section == Egress {
		f = faultf("leave "+quote(fmt.Sprintf(":%d", p.Container.Port))+" out",
			"a container's own port means something in ingress only")
	}
	if f != nil {
		s.fail(w, s.wrongSide(w.text, addresses, f))
		return items
	}
	p.Position = s.source.position(w.column)
	return append(items, p)
}

// wrongSide is the better fault for a peer that would be right in the other section's clause.
func (s *sentence) wrongSide(text string, addresses bool, f *fault) *fault {
	clause, other := "to", "from"
	if addresses == (s.section == Ingress) {
		clause, other = other, clause
	}
	if !addresses && looksLikeAddress(text) {
		hint := fmt.Sprintf("addresses follow `%s`", other)
		if s.section == Ingress {
			hint += "; an address of the host follows `at`"
		}
		return faultf(hint, "`%s` in %s names containers, and %s is an address", clause, s.section, quote(text))
	}
	_, notContainer := containerPeer(text)
	if addresses && notContainer == nil && !looksLikeAddress(text) && strings.ContainsAny(text, "/:") {
		return faultf(fmt.Sprintf("containers follow `%s`", other),
			"`%s` in %s names addresses and sets, and %s is a container", clause, s.section, quote(text))
	}
	return f
}

// addressPeer reads an address, a prefix, a range or the name of a set.
func addressPeer(text string) (Peer, *fault) {
	if looksLikeAddress(text) {
		r, f := parseRange(text)
		return Peer{Range: r}, f
	}
	if isSetName(text) {
		return Peer{Set: text}, nil
	}
	if lower := strings.ToLower(text); isSetName(lower) {
		return Peer{}, faultf("write "+quote(lower), "names of sets are written in small letters, not %s", quote(text))
	}
	if isReserved(text) {
		return Peer{}, faultf("a set needs another name", "%s is a word of the language", quote(text))
	}
	return Peer{}, faultf("addresses are written like 192.0.2.1, 10.0.0.0/8 or 2001:db8::1; host names are not looked up",
		"%s is neither an address nor the name of a set", quote(text))
}

// containerPeer reads a container selector.
func containerPeer(text string) (Peer, *fault) {
	name, port, f := cutPort(text)
	if f != nil {
		return Peer{}, f
	}
	c, f := parseSelector(name)
	c.Port = port
	return Peer{Container: &c}, f
}

// cutPort cuts the container's own port from the end of a selector.
func cutPort(text string) (name string, port uint16, f *fault) {
	kind := ""
	for _, prefix := range []string{networkPrefix, labelPrefix} {
		if strings.HasPrefix(text, prefix) {
			kind = prefix
		}
	}
	name, digits, found := strings.Cut(text[len(kind):], ":")
	if !found {
		return text, 0, nil
	}
	port, f = parsePort(digits)
	return kind + name, port, f
}

func parseSelector(text string) (ContainerSelector, *fault) {
	if network, ok := strings.CutPrefix(text, networkPrefix); ok {
		return ContainerSelector{Network: network}, named(isName(network), network, "a network")
	}
	if label, ok := strings.CutPrefix(text, labelPrefix); ok {
		return labelSelector(label)
	}
	if looksLikeAddress(text) {
		return ContainerSelector{}, faultf("containers are named: web, shop/db, network:front, label:role=db",
			"%s is an address, not a container", quote(text))
	}
	if project, service, ok := strings.Cut(text, "/"); ok {
		f := named(isName(project), project, "a project")
		if f == nil {
			f = named(isName(service), service, "a service")
		}
		return ContainerSelector{Project: project, Service: service}, f
	}
	if isReserved(text) {
		return ContainerSelector{}, faultf("name such a container by its project/service, its network or a label",
			"%s is a word of the language", quote(text))
	}
	return ContainerSelector{Name: text}, named(isName(text), text, "a container")
}

func labelSelector(text string) (ContainerSelector, *fault) {
	key, value, has := strings.Cut(text, "=")
	c := ContainerSelector{LabelKey: key, LabelValue: value, HasLabelValue: has}
	if !isLabelKey(key) {
		return c, faultf("letters, digits and . _ - / make a key", "%s is not the key of a label", quote(key))
	}
	if !isLabelValue(value) {
		return c, faultf("name the label by its key alone: label:"+key,
			"%s is not a label value that can be written here", quote(value))
	}
	return c, nil
}

func named(ok bool, text, what string) *fault {
	if ok {
		return nil
	}
	return faultf("it is made of letters and digits and, after the first, also . _ -",
		"%s is not the name of %s", quote(text), what)
}

func (s *ContainerSelector) String() string {
	text := s.Name
	switch {
	case s.Network != "":
		text = networkPrefix + s.Network
	case s.LabelKey != "" && s.HasLabelValue:
		text = labelPrefix + s.LabelKey + "=" + s.LabelValue
	case s.LabelKey != "":
		text = labelPrefix + s.LabelKey
	case s.Service != "":
		text = s.Project + "/" + s.Service
	}
	if s.Port != 0 {
		text += ":" + strconv.Itoa(int(s.Port))
	}
	return text
}
