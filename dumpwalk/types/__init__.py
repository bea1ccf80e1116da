"""C types as a kernel debugger sees them: layouts as data, and which layouts fit a dump."""
