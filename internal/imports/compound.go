package imports

// block reads a list and its end.
func (p *parser) block(n node, f form) node {
	n.form, n.body = f, p.list()
	p.at++
	return n
}

// conditional reads all commands that stand inside. The words between them are passed over.
func (p *parser) conditional(n node) node {
	end := map[string]string{"if": "fi", "while": "done", "until": "done", "case": "esac"}[n.name]
	n.form = conditional
	for !p.done() {
		n.body = append(n.body, p.list()...)
		if p.accept(end) || n.name != "case" && !p.is(")") {
			break
		}
		p.at++ // the bracket behind a pattern
	}
	return n
}

func (p *parser) loop(n node) node {
	if p.is("(") || p.done() {
		n.name = "for"
		return p.arithmeticLoop(n)
	}
	n.name = p.tokens[p.at].bare()
	p.at++
	for p.accept(";") {
	}
	if p.accept("in") {
		n.words = p.simple(node{}).words
	}
	for p.accept(";") {
	}
	p.accept("do")
	return p.block(n, loop)
}

// arithmeticLoop is for ((i = 0; i < 3; i++)): how often it runs is not known.
func (p *parser) arithmeticLoop(n node) node {
	for !p.done() && !p.is("do") {
		p.at++
	}
	return p.block(n, conditional)
}

func (p *parser) function(n node) node {
	if !p.done() {
		n.name = p.tokens[p.at].bare()
		p.at++
	}
	for p.accept("(") || p.accept(")") || p.accept(";") {
	}
	p.accept("{")
	return p.block(n, function)
}
