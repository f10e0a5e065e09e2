package escape

// join returns the place that stands for both s and t.
func (s jsonState) join(t jsonState) (jsonState, bool) {
	s, t = s.settled(), t.settled()
	if s.place == jsonItem && s.depth > 0 && s.sameContainer(t) {
		return s.joinItems(t), true
	}
	bare := s.bare & t.bare
	s.bare, t.bare = 0, 0
	same := s == t
	s.bare = bare
	return s, same
}

// sameContainer reports whether t, too, is between the values of the container
// that s is in.
func (s *jsonState) sameContainer(t jsonState) bool {
	return t.place == s.place && t.depth == s.depth && t.objects == s.objects
}

// joinItems joins two places between the values of one container: either may be
// where the text really is.
func (s jsonState) joinItems(t jsonState) jsonState {
	comma := s.hasComma() || t.hasComma()
	bare := s.isBare() || t.isBare()
	fine := s.before.has(afterValue) && !s.isBare() || t.before.has(afterValue) && !t.isBare()
	s.bare = s.bare & t.bare &^ s.level()
	if bare && !comma && !fine {
		s.bare |= s.level()
	}
	s.before |= t.before
	s.before &^= straight
	if comma && s.before.has(inLoop) {
		s.before |= ifComma
	}
	return s
}

// hasComma reports whether s may stand behind a comma of the loop's body that s is in.
func (s *jsonState) hasComma() bool {
	return s.before.has(ifComma) || s.before.has(afterComma) && !s.before.has(inLoop)
}

// isBare reports whether s may stand behind a bare value.
func (s *jsonState) isBare() bool {
	return s.before.has(afterValue) && s.bare&s.level() != 0
}

// loopBody returns the place where the body of a loop at s begins, for all its
// passes.
func (s jsonState) loopBody() jsonState {
	s = s.settled()
	if s.place == jsonItem && s.depth > 0 {
		s.before = s.before&^(straight|ifComma) | inLoop
		s.bare &^= s.level()
	}
	return s
}

// loop returns the place after a loop at s whose body ended at t, or why it
// cannot be repeated.
func (s jsonState) loop(t jsonState) (jsonState, string) {
	s, t = s.settled(), t.settled()
	if s.place != jsonItem || s.depth == 0 || !s.sameContainer(t) {
		after, same := s.join(t)
		if !same {
			return s, notRepeatable
		}
		return after, ""
	}
	if t.isBare() {
		return s, "the body of the loop writes a value without a comma; end it with a comma, the last one is left out"
	}
	if !s.before.has(inLoop) {
		// What a pass leaves to the next one is among what t and s say.
		t.before &^= inLoop | ifComma
	}
	return s.joinItems(t), ""
}
