//! Planning: everything a flow needs is found, or it is said what is missing and where to set it.
