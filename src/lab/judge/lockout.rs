//! A refresh token that is good for one use, spent by a request whose answer nobody read: the next one was in it, and without a
//! person nobody comes in again.
//!
//! Source: RFC 9700 section 4.14.2 (refresh token rotation).

use crate::lab::bench::Purpose;
use crate::lab::mock::Effect;
use crate::lab::mock::url::pairs;
use crate::lab::trace::{Exchanged, Trace};

/// The refresh token that a request shows.
pub(in crate::lab) fn shown(x: &Exchanged) -> Option<String> {
    let form = pairs(&String::from_utf8_lossy(&x.request.body));
    form.into_iter().find(|(name, _)| name == "refresh_token").map(|(_, token)| token)
}

/// The connector was killed before it could read the answer to its refresh token, and has had no token since.
pub(in crate::lab) fn locked_out(trace: &Trace) -> bool {
    let asks = |x: &&Exchanged| x.purpose == Purpose::Token;
    let spent = trace
        .exchanges
        .iter()
        .filter(asks)
        .rfind(|x| matches!(x.effect, Some(Effect::Issued { .. })) && x.answer().is_none() && shown(x).is_some());
    spent.is_some_and(|spent| {
        let later = trace.exchanges.iter().filter(asks).filter(|x| x.nth > spent.nth && x.system == spent.system);
        later.into_iter().all(|x| x.status() != Some(200))
    })
}
