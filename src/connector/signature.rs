//! Signatures of webhooks: pure functions over headers, body and time. Bytes are signed as they came; nothing is parsed
//! before the signature holds.
//!
//! Standard Webhooks 1.0 (`webhook-id`, `webhook-timestamp`, `webhook-signature` with `v1,` and base64), one header
//! `t=…,v1=…` as Stripe signs, `sha256=…` as GitHub signs, and HMAC-SHA256 in any header, of the body or of a text that
//! holds it and the time (`v0:{timestamp}:{body}`, as Slack and Zoom sign). Comparison is in constant time, by the `hmac` crate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::base::clock::Timestamp;
use crate::contract::SignatureScheme;

/// How a sender signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// The scheme.
    pub scheme: SignatureScheme,
    /// Header that carries the signature, in lower case.
    pub header: String,
    /// The signature is base64, not hex; for [`SignatureScheme::Hmac`].
    pub base64: bool,
    /// What stands before it; nothing: `sha256=`, or nothing. For [`SignatureScheme::Hmac`].
    pub prefix: Option<String>,
    /// The time that is signed with the body, if any; for [`SignatureScheme::Hmac`].
    pub timed: Option<Timed>,
    /// How far the time of signing may lie from now in both directions, in milliseconds; nothing: any time.
    pub tolerance_ms: Option<u64>,
}

/// A time of signing in a header of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed {
    /// The header, in lower case.
    pub header: String,
    /// What is signed: a text with `{timestamp}` and `{body}`, each once.
    pub signed: String,
}

impl Timed {
    /// What is signed where nobody says otherwise.
    pub const USUAL: &str = "{timestamp}.{body}";

    /// The bytes to sign.
    fn content(&self, time: &str, body: &[u8]) -> Vec<u8> {
        let (before, after) = self.signed.split_once("{body}").unwrap_or((&self.signed, ""));
        let with = |text: &str| text.replace("{timestamp}", time);
        [with(before).as_bytes(), body, with(after).as_bytes()].concat()
    }
}

/// From here on a time is counted in milliseconds: as seconds it would be the year 5138.
const AS_MS: i64 = 100_000_000_000;

/// No time of signing has more than fifteen digits, in whatever it is counted.
const LATEST: u64 = 1_000_000_000_000_000;

/// Why a delivery is not taken for the sender's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// A header is missing or not in the form of the scheme.
    #[error("the signature is missing, or is not in the form of the scheme")]
    Malformed,
    /// No signature is made with a secret of ours over these bytes.
    #[error("no signature in it is made with a known secret over this body")]
    Forged,
    /// The signature holds, and its time is too far from now.
    #[error("it was signed too long ago, or in the future")]
    Stale,
    /// The secret is not in the form of the scheme: ours to mend, not the sender's.
    #[error("the secret is not in the form of the scheme")]
    BadSecret,
}

/// Most signatures looked at in one header: senders send two while they replace a secret.
const MOST_SIGNATURES: usize = 8;

impl Signing {
    /// Checks a delivery against any of the secrets.
    ///
    /// # Errors
    /// Why it is not taken. A forgery is told before a stale time, so that nobody learns anything from the order.
    pub fn verify(
        &self,
        secrets: &[&str],
        header: &dyn Fn(&str) -> Option<String>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Unverified> {
        let signed = header(&self.header).ok_or(Unverified::Malformed)?;
        let (content, time, candidates) = match self.scheme {
            SignatureScheme::StandardWebhooks => {
                let id = header(&self.beside("id")).filter(|id| !id.is_empty()).ok_or(Unverified::Malformed)?;
                let time = header(&self.beside("timestamp")).ok_or(Unverified::Malformed)?;
                let candidates = signed.split(' ').filter_map(|s| decode64(s.strip_prefix("v1,")?)).collect();
                ([id.as_bytes(), b".", time.as_bytes(), b".", body].concat(), Some(time), candidates)
            }
            SignatureScheme::Stripe => {
                let parts: Vec<(&str, &str)> = signed.split(',').filter_map(|p| p.trim().split_once('=')).collect();
                let time = parts.iter().find(|(name, _)| *name == "t").ok_or(Unverified::Malformed)?.1.to_owned();
                let candidates =
                    parts.iter().filter(|(name, _)| *name == "v1").filter_map(|p| decode_hex(p.1)).collect();
                ([time.as_bytes(), b".", body].concat(), Some(time), candidates)
            }
            SignatureScheme::Github => {
                (body.to_vec(), None, signed.strip_prefix("sha256=").and_then(decode_hex).into_iter().collect())
            }
            SignatureScheme::Hmac => {
                let bare = match &self.prefix {
                    Some(prefix) => signed.strip_prefix(prefix.as_str()).ok_or(Unverified::Malformed)?,
                    None => signed.strip_prefix("sha256=").unwrap_or(&signed),
                };
                let one = if self.base64 { decode64(bare) } else { decode_hex(bare) };
                let candidates = one.into_iter().collect::<Vec<Vec<u8>>>();
                match &self.timed {
                    Some(timed) => {
                        let time = header(&timed.header).ok_or(Unverified::Malformed)?;
                        (timed.content(&time, body), Some(time), candidates)
                    }
                    None => (body.to_vec(), None, candidates),
                }
            }
        };
        if candidates.is_empty() {
            return Err(Unverified::Malformed);
        }
        let mut holds = false;
        for secret in secrets {
            let key = self.key(secret).ok_or(Unverified::BadSecret)?;
            for candidate in candidates.iter().take(MOST_SIGNATURES) {
                // Every one is compared: how long it takes does not tell which of them held.
                holds |= mac(&key, &content).verify_slice(candidate).is_ok();
            }
        }
        if !holds {
            return Err(Unverified::Forged);
        }
        let (Some(tolerance), Some(time)) = (self.tolerance_ms, time) else { return Ok(()) };
        let time: i64 = time.parse().ok().filter(|t: &i64| t.unsigned_abs() < LATEST).ok_or(Unverified::Malformed)?;
        let in_ms = self.timed.is_some() && time >= AS_MS;
        let apart = if in_ms { time } else { time.saturating_mul(1000) }.abs_diff(now.0);
        if apart > tolerance { Err(Unverified::Stale) } else { Ok(()) }
    }

    /// The headers of a delivery, as a sender makes them: id where the scheme has one, time, signature.
    ///
    /// # Errors
    /// [`Unverified::BadSecret`].
    pub fn sign(
        &self,
        secret: &str,
        id: &str,
        body: &[u8],
        at: Timestamp,
    ) -> Result<Vec<(String, String)>, Unverified> {
        let key = self.key(secret).ok_or(Unverified::BadSecret)?;
        let time = at.0.div_euclid(1000).to_string();
        let code = |content: &[u8]| mac(&key, content).finalize().into_bytes().to_vec();
        Ok(match self.scheme {
            SignatureScheme::StandardWebhooks => {
                let code = code(&[id.as_bytes(), b".", time.as_bytes(), b".", body].concat());
                vec![
                    (self.beside("id"), id.to_owned()),
                    (self.beside("timestamp"), time),
                    (self.header.clone(), format!("v1,{}", STANDARD.encode(code))),
                ]
            }
            SignatureScheme::Stripe => {
                let code = hex(&code(&[time.as_bytes(), b".", body].concat()));
                vec![(self.header.clone(), format!("t={time},v1={code}"))]
            }
            SignatureScheme::Github => vec![(self.header.clone(), format!("sha256={}", hex(&code(body))))],
            SignatureScheme::Hmac => {
                let content = self.timed.as_ref().map_or_else(|| body.to_vec(), |timed| timed.content(&time, body));
                let code = code(&content);
                let code = if self.base64 { STANDARD.encode(code) } else { hex(&code) };
                let signature = format!("{}{code}", self.prefix.as_deref().unwrap_or_default());
                let stamp = self.timed.as_ref().map(|timed| (timed.header.clone(), time));
                stamp.into_iter().chain([(self.header.clone(), signature)]).collect()
            }
        })
    }

    /// The time of signing is part of what is signed.
    #[must_use]
    pub const fn has_time(&self) -> bool {
        self.scheme.has_time() || self.timed.is_some()
    }

    /// The headers of a delivery that shows two signatures, those of `first` before that of `then`; as `then` where the scheme
    /// shows one alone.
    #[must_use]
    pub fn beside_each_other(&self, first: &[(String, String)], then: &[(String, String)]) -> Vec<(String, String)> {
        let before = first.iter().find(|(name, _)| *name == self.header).map_or("", |(_, value)| value.as_str());
        let both = |value: &str| match self.scheme {
            SignatureScheme::StandardWebhooks => format!("{before} {value}"),
            SignatureScheme::Stripe => {
                format!("{before},{}", value.split_once(',').map_or("", |(_, signature)| signature))
            }
            SignatureScheme::Github | SignatureScheme::Hmac => value.to_owned(),
        };
        then.iter()
            .map(|(name, value)| (name.clone(), if *name == self.header { both(value) } else { value.clone() }))
            .collect()
    }

    /// `webhook-id` beside `webhook-signature`: the headers of one family share their beginning.
    #[must_use]
    pub fn beside(&self, name: &str) -> String {
        let family = self.header.strip_suffix("-signature").unwrap_or("webhook");
        format!("{family}-{name}")
    }

    /// The bytes to sign with. Standard Webhooks writes them as base64 after `whsec_`; elsewhere the text is the key.
    fn key(&self, secret: &str) -> Option<Vec<u8>> {
        let key = match self.scheme {
            SignatureScheme::StandardWebhooks => decode64(secret.strip_prefix("whsec_").unwrap_or(secret))?,
            SignatureScheme::Stripe | SignatureScheme::Github | SignatureScheme::Hmac => secret.as_bytes().to_vec(),
        };
        (!key.is_empty()).then_some(key)
    }

    /// Whether this secret is in the form of the scheme.
    #[must_use]
    pub fn takes(&self, secret: &str) -> bool {
        self.key(secret).is_some()
    }
}

fn mac(key: &[u8], content: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length (RFC 2104)");
    mac.update(content);
    mac
}

fn decode64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SPEC_BODY: &[u8] = b"{\"test\": 2432232314}";
    const SPEC_TIME: Timestamp = Timestamp(1_614_265_330_000);

    fn signing(scheme: SignatureScheme) -> Signing {
        Signing {
            scheme,
            header: scheme.header().unwrap_or("x-signature").to_owned(),
            base64: false,
            prefix: None,
            timed: None,
            tolerance_ms: scheme.has_time().then_some(300_000),
        }
    }

    fn check(
        s: &Signing,
        secrets: &[&str],
        headers: &[(&str, &str)],
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Unverified> {
        let header = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        s.verify(secrets, &header, body, now)
    }

    fn standard(signature: &str) -> [(&str, &str); 3] {
        [
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", signature),
        ]
    }

    /// Vectors of the specifications, computed a second time with Python's hmac and with openssl.
    #[test]
    fn the_vectors_of_the_specifications_hold() {
        let s = signing(SignatureScheme::StandardWebhooks);
        let good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(check(&s, &[SPEC_SECRET], &standard(good), SPEC_BODY, SPEC_TIME), Ok(()));

        let s = signing(SignatureScheme::Github);
        let code = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let headers = [("x-hub-signature-256", code)];
        assert_eq!(check(&s, &["It's a Secret to Everybody"], &headers, b"Hello, World!", Timestamp(0)), Ok(()));

        let s = signing(SignatureScheme::Stripe);
        let code = "t=1492774577,v1=799c4ba7bb339f3c8601adfd112f0e477c930a268be1243d341abb8286501c2f,v0=6ffbb59b";
        let now = Timestamp(1_492_774_600_000);
        let body = b"{\"id\":\"evt_1\"}";
        assert_eq!(check(&s, &["whsec_test_secret"], &[("stripe-signature", code)], body, now), Ok(()));

        let fox = b"The quick brown fox jumps over the lazy dog";
        let s = signing(SignatureScheme::Hmac);
        let code = "F7BC83F430538424B13298E6AA6FB143EF4D59A14946175997479DBC2D1A3CD8";
        assert_eq!(check(&s, &["key"], &[("x-signature", code)], fox, Timestamp(0)), Ok(()));
        let s = Signing { base64: true, ..s };
        let code = "97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg=";
        assert_eq!(check(&s, &["key"], &[("x-signature", code)], fox, Timestamp(0)), Ok(()));
    }

    #[test]
    fn while_a_secret_is_replaced_either_signature_and_either_secret_will_do() {
        let s = signing(SignatureScheme::StandardWebhooks);
        let old = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";
        let both =
            "v1,d5PJaLhU6hQf9TLleqdn97PBQffdITHtAOuMMHkRQ4U= v1a,zzz v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let by_old = "v1,d5PJaLhU6hQf9TLleqdn97PBQffdITHtAOuMMHkRQ4U=";
        for (secrets, signature, holds) in [
            (vec![SPEC_SECRET], both, true),
            (vec![old], both, true),
            (vec![SPEC_SECRET, old], by_old, true),
            (vec![SPEC_SECRET], by_old, false),
        ] {
            let said = check(&s, &secrets, &standard(signature), SPEC_BODY, SPEC_TIME);
            assert_eq!(said, if holds { Ok(()) } else { Err(Unverified::Forged) });
        }
    }

    #[test]
    fn what_was_altered_is_forged_and_what_is_old_or_of_tomorrow_is_stale() {
        for scheme in
            [SignatureScheme::StandardWebhooks, SignatureScheme::Stripe, SignatureScheme::Github, SignatureScheme::Hmac]
        {
            let s = signing(scheme);
            let at = Timestamp(1_800_000_000_000);
            let signed = s.sign(SPEC_SECRET, "evt_1", b"{}", at).expect("signs");
            let headers: Vec<(&str, &str)> = signed.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let said = |body: &[u8], secret: &str, now: i64| check(&s, &[secret], &headers, body, Timestamp(now));
            assert_eq!(said(b"{}", SPEC_SECRET, at.0 + 299_000), Ok(()), "{scheme:?}");
            assert_eq!(said(b"{ }", SPEC_SECRET, at.0), Err(Unverified::Forged), "{scheme:?}");
            assert_eq!(said(b"{}", "whsec_AAAA", at.0), Err(Unverified::Forged), "{scheme:?}");
            // Forged and stale: it is forged.
            assert_eq!(said(b"{ }", SPEC_SECRET, at.0 + 900_000), Err(Unverified::Forged), "{scheme:?}");
            let stale = if scheme.has_time() { Err(Unverified::Stale) } else { Ok(()) };
            assert_eq!(said(b"{}", SPEC_SECRET, at.0 + 301_000), stale, "{scheme:?}");
            assert_eq!(said(b"{}", SPEC_SECRET, at.0 - 301_000), stale, "{scheme:?}");
            assert_eq!(check(&s, &[SPEC_SECRET], &[], b"{}", at), Err(Unverified::Malformed), "{scheme:?}");
        }
    }

    #[test]
    fn the_time_is_part_of_what_is_signed() {
        let s = signing(SignatureScheme::StandardWebhooks);
        let mut headers = standard("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        headers[1].1 = "1614265331";
        assert_eq!(check(&s, &[SPEC_SECRET], &headers, SPEC_BODY, SPEC_TIME), Err(Unverified::Forged));
        headers[1].1 = "soon";
        assert_eq!(check(&s, &[SPEC_SECRET], &headers, SPEC_BODY, SPEC_TIME), Err(Unverified::Forged));
        assert_eq!(check(&s, &["whsec_not base64!"], &headers, SPEC_BODY, SPEC_TIME), Err(Unverified::BadSecret));
    }

    /// As Slack and Zoom sign; computed a second time with Python's hmac.
    #[test]
    fn a_time_in_a_header_of_its_own_is_signed_and_held_against_the_tolerance() {
        let slack = Signing {
            prefix: Some("v0=".to_owned()),
            timed: Some(Timed { header: "x-time".to_owned(), signed: "v0:{timestamp}:{body}".to_owned() }),
            tolerance_ms: Some(300_000),
            ..signing(SignatureScheme::Hmac)
        };
        let in_ms = Signing {
            base64: true,
            prefix: None,
            timed: Some(Timed { header: "x-time".to_owned(), signed: Timed::USUAL.to_owned() }),
            ..slack.clone()
        };
        let at = Timestamp(1_531_420_618_000);
        let code = "v0=0d19832fce32cb104308bddde0a26820b2e5449df50fba861ca469909034947f";
        let code64 = "D1cKRioLa6IC9FhA07Hwq7LwGFqaLs5X+xYyi3nYRLw=";
        let body = br#"{"id":"evt_1"}"#;
        let said = |s: &Signing, time: &str, code: &str, now: Timestamp| {
            check(s, &["a-secret-of-ours"], &[("x-time", time), ("x-signature", code)], body, now)
        };
        assert_eq!(said(&slack, "1531420618", code, at), Ok(()));
        assert_eq!(said(&in_ms, "1531420618000", code64, at), Ok(()));
        for late in [-301_000, 301_000] {
            assert_eq!(said(&slack, "1531420618", code, at.plus_ms(late)), Err(Unverified::Stale));
            assert_eq!(said(&in_ms, "1531420618000", code64, at.plus_ms(late)), Err(Unverified::Stale));
        }
        assert_eq!(said(&slack, "1531420619", code, at), Err(Unverified::Forged));
        assert_eq!(said(&slack, "1531420618", &code[3..], at), Err(Unverified::Malformed));
        assert_eq!(
            check(&slack, &["a-secret-of-ours"], &[("x-signature", code)], body, at),
            Err(Unverified::Malformed)
        );
        assert_eq!(
            slack.sign("a-secret-of-ours", "evt_1", body, at),
            Ok(vec![("x-time".to_owned(), "1531420618".to_owned()), ("x-signature".to_owned(), code.to_owned())])
        );
    }

    #[test]
    fn another_family_of_headers_goes_by_its_own_names() {
        let s = Signing { header: "acme-signature".to_owned(), ..signing(SignatureScheme::StandardWebhooks) };
        let names: Vec<String> =
            s.sign(SPEC_SECRET, "e", b"", SPEC_TIME).expect("signs").into_iter().map(|h| h.0).collect();
        assert_eq!(names, ["acme-id", "acme-timestamp", "acme-signature"]);
    }

    proptest::proptest! {
        #[test]
        fn rubbish_is_refused_and_never_panics(value in ".*", id in ".*", time in ".*") {
            for scheme in [SignatureScheme::StandardWebhooks, SignatureScheme::Stripe, SignatureScheme::Github, SignatureScheme::Hmac] {
                let s = signing(scheme);
                let headers = [(s.header.as_str(), value.as_str()), ("webhook-id", &id), ("webhook-timestamp", &time)];
                let said = check(&s, &[SPEC_SECRET], &headers, b"{}", Timestamp(0));
                proptest::prop_assert!(said.is_err());
            }
        }
    }
}
