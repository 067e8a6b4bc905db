//! Secrets of a program stay in the header (or token request) to the system that they are for. A token that was issued may lie
//! in its state directory: it may keep it there.

use super::Foreign;
use crate::lab::judge::{Evidence, secrets};

pub(super) fn judge(e: &Evidence<'_>, program: &Foreign, out: &mut Vec<String>) {
    for (owner, secret) in &e.secrets {
        for (place, text) in &program.wrote {
            let issued = secret.starts_with("at_") || secret.starts_with("YXRf");
            let kept = place.starts_with("STATE_DIR") && issued;
            if !kept && text.contains(secret.as_str()) {
                out.push(format!("leak: a secret of {owner} is in {place}"));
            }
        }
    }
    secrets::on_the_wire(e, out);
}
