//! A signature is asked for and nobody is named who could give one.

use super::{Check, Subject};
use crate::contract::Bar;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "signers-missing",
    summary: "approvals asks for a signature and names no file of allowed signers, so nobody could ever approve.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let approvals = &subject.contract.approvals;
    if approvals.signers.is_some() {
        return; // whether it can be read is said by whoever reads it
    }
    if let Some((key, bar)) = approvals.written().find(|(_, bar)| bar.value == Bar::Signature) {
        let message = format!("approvals.{key} asks for a signature, and approvals.signers names no file");
        out.push(
            subject
                .error(&CHECK, bar.at, message)
                .fix("add signers: allowed_signers, a file with a line for each key: NAME ssh-ed25519 AAAA..."),
        );
    }
}
