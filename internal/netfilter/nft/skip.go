package nft

// skip goes over one value without building it. What is wrong inside it is found by who reads it.
func (s *scanner) skip() error {
	depth := 0
	for {
		switch c := s.next(); c {
		case 0:
			return s.errorf("it ends in the middle")
		case '{', '[':
			depth++
			s.at++
		case '}', ']':
			if depth--; depth < 0 {
				return s.errorf("stands a bracket too many")
			}
			s.at++
		case '"':
			if err := s.skipQuoted(); err != nil {
				return err
			}
		case ',', ':':
			s.at++
		default:
			if _, err := s.word(); err != nil {
				return err
			}
		}
		if depth == 0 {
			return nil
		}
	}
}

func (s *scanner) skipQuoted() error {
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return nil
		}
	}
	return s.errorf("a string does not end")
}
