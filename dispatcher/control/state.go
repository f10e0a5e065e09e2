package control

// Link is how a client stands to the manager.
type Link struct {
	// Connected says that there is a session in which the manager takes part.
	Connected bool
	// Sessions is how many there were, this one included.
	Sessions uint64
	// Unacknowledged is of how many webhooks the newest outcome is not acknowledged.
	Unacknowledged int
}

// Link says how the client stands to the manager now.
func (c *Client) Link() Link {
	c.mu.Lock()
	defer c.mu.Unlock()
	link := c.link
	link.Unacknowledged = len(c.pending)
	return link
}

// begun notes that the manager takes part in a session.
func (c *Client) begun() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link.Connected = true
	c.link.Sessions++
}

// over notes that a session has ended.
func (c *Client) over() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link.Connected = false
}

// Connected reports whether a dispatcher is connected now.
func (s *Server) Connected() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current != nil
}
