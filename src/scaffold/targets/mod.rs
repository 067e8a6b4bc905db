//! The files of a project, one a file here. A further one is a file, a `mod` line and an `ALL` line.

mod ci;
mod compose;
mod dockerfile;
mod environment;
mod gitignore;
mod runbook;
mod systemd;

/// One file of a project.
#[derive(Debug)]
pub(super) struct Target {
    /// Where it goes.
    pub(super) path: &'static str,
    /// What it is made from.
    pub(super) template: &'static str,
}

/// All of them.
pub(super) const ALL: [&Target; 7] = [
    &dockerfile::TARGET,
    &compose::TARGET,
    &systemd::TARGET,
    &environment::TARGET,
    &gitignore::TARGET,
    &ci::TARGET,
    &runbook::TARGET,
];
