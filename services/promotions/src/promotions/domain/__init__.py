"""Rules of promotions, funds, DM slots and earning; pure, without framework, clock or I/O."""
