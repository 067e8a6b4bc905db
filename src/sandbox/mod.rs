//! Row 7: runs a program of somebody else's where it can do no harm: it writes into one directory, reaches no network, and
//! ends in time.
