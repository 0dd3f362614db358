"""Client WebSockets: sessions without I/O, and the hub that fans committed changes out to them."""
