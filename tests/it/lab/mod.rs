//! The lab, held against an independent connector: whole it passes every drill, broken it is caught by the drill that
//! exists for the break.

mod accepted;
mod back;
mod blackbox;
mod broken;
mod catalogue;
mod coverage;
mod deletes;
mod drills;
mod every_step;
mod feeds;
mod graph;
mod keys;
mod mock;
mod mutants;
mod naive;
mod plans;
mod search;
mod serve;
mod unsatisfiable;
