package policy

import (
	"slices"
	"strings"
)

// String is the rule as its canonical sentence. Parsed in the rule's section, it gives an equal rule.
func (r Rule) String() string {
	words := []string{r.Action.String(), formatPorts(r.Ports)}
	from := "from " + r.From.String()
	to := "to " + r.To.String()
	switch {
	case r.Section == Ingress && r.To.Any():
		words = append(words, from)
	case r.Section == Egress && r.From.Any():
		words = append(words, to)
	default:
		words = append(words, from, to)
	}
	if r.Interface != "" {
		words = append(words, "on", r.Interface)
	}
	if r.At.IsValid() {
		words = append(words, "at", r.At.String())
	}
	if r.Log {
		words = append(words, "log")
	}
	return strings.Join(words, " ")
}

// meaning is the sentence with its lists in order: equal for rules that say the same in the same words.
func (r Rule) meaning() string {
	ports := make([]PortSet, len(r.Ports))
	for i, p := range r.Ports {
		ports[i] = PortSet{Protocol: p.Protocol, Ranges: slices.Clone(p.Ranges)}
		slices.SortFunc(ports[i].Ranges, func(a, b PortRange) int {
			if d := int(a.First) - int(b.First); d != 0 {
				return d
			}
			return int(a.Last) - int(b.Last)
		})
	}
	slices.SortFunc(ports, func(a, b PortSet) int { return int(a.Protocol) - int(b.Protocol) })
	r.Ports, r.From, r.To = ports, r.From.inOrder(), r.To.inOrder()
	return r.String()
}

func formatPorts(ports []PortSet) string {
	if len(ports) == 0 {
		return "all"
	}
	texts := make([]string, len(ports))
	for i, p := range ports {
		texts[i] = p.String()
	}
	return strings.Join(texts, " ")
}

// String is the peers as rules write them: "any", "office,10.0.0.0/8 except 10.0.0.1".
func (p Peers) String() string {
	text := "any"
	if len(p.Items) > 0 {
		text = joinPeers(p.Items)
	}
	if len(p.Except) > 0 {
		text += " except " + joinPeers(p.Except)
	}
	return text
}

func (p Peers) inOrder() Peers {
	byText := func(a, b Peer) int { return strings.Compare(a.String(), b.String()) }
	return Peers{Items: slices.SortedFunc(slices.Values(p.Items), byText),
		Except: slices.SortedFunc(slices.Values(p.Except), byText)}
}

func joinPeers(peers []Peer) string {
	texts := make([]string, len(peers))
	for i, p := range peers {
		texts[i] = p.String()
	}
	return strings.Join(texts, ",")
}

// String is the peer as rules write it.
func (p Peer) String() string {
	switch {
	case p.Container != nil:
		return p.Container.String()
	case p.Set != "":
		return p.Set
	}
	return formatRange(p.Range)
}
