"""Everything that touches the outside: database, HTTP, clock, events on the wire, settings, processes."""
