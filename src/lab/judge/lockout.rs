//! A refresh token that is good for one use, spent by a request whose answer nobody read: the next one was in it, and without a
//! person nobody comes in again.
//!
//! Source: RFC 9700 section 4.14.2 (refresh token rotation).

use serde_json::Value;

use crate::lab::bench::Purpose;
use crate::lab::mock::Effect;
use crate::lab::mock::url::pairs;
use crate::lab::trace::{Exchanged, Trace};

/// The refresh token that a request shows.
pub(in crate::lab) fn shown(x: &Exchanged) -> Option<String> {
    let form = pairs(&String::from_utf8_lossy(&x.request.body));
    form.into_iter().find(|(name, _)| name == "refresh_token").map(|(_, token)| token)
}

/// The connector was killed before it could keep what the answer to its refresh token brought, and has had no token since.
pub(in crate::lab) fn locked_out(trace: &Trace) -> bool {
    let asks = |x: &&Exchanged| x.purpose == Purpose::Token;
    let spent = trace
        .exchanges
        .iter()
        .filter(asks)
        .rfind(|x| matches!(x.effect, Some(Effect::Issued { .. })) && shown(x).is_some() && is_unused(trace, x));
    spent.is_some_and(|spent| {
        let mut later = trace.exchanges.iter().filter(asks).filter(|x| x.nth > spent.nth && x.system == spent.system);
        later.all(|x| x.status() != Some(200))
    })
}

/// No request was sent with the access token that this brought: nobody read the answer, or he was killed with it in his hands. Who has
/// used it could have kept the rest before.
fn is_unused(trace: &Trace, x: &Exchanged) -> bool {
    let body = x.answer().and_then(|r| serde_json::from_slice::<Value>(&r.body).ok());
    let Some(token) = body.as_ref().and_then(|b| b.get("access_token")).and_then(Value::as_str) else { return true };
    let bearer = format!("Bearer {token}");
    !trace.exchanges.iter().any(|n| n.nth > x.nth && n.request.header("authorization") == Some(bearer.as_str()))
}
