//! SSH signatures (SSHSIG, as `ssh-keygen -Y sign` makes them) against an `allowed_signers` file, verified offline.
//! <https://man.openbsd.org/ssh-keygen.1#ALLOWED_SIGNERS>
//!
//! Keys: Ed25519, ECDSA on P-256 and P-384, and the two FIDO kinds. RSA is left out on purpose: the crate for it has an
//! open advisory, and nobody needs a new RSA key. Certificates are left out too: a line with `cert-authority` is an
//! error, not a line that never matches. To revoke a key, remove its line or give it `valid-before`.

use ssh_key::{HashAlg, PublicKey, SshSig};

use super::clock::Timestamp;
use super::text::quoted;

/// Why a file or a signature is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SshError {
    /// A line of the signers file cannot be read.
    #[error("line {line} of allowed_signers: {because}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong.
        because: String,
    },
    /// There is no signer in the file.
    #[error("allowed_signers names nobody")]
    Nobody,
    /// The signature is no SSHSIG.
    #[error("no SSH signature: {0}")]
    NotASignature(String),
    /// It was made for another purpose.
    #[error("the signature is for the namespace \"{found}\", not \"{wanted}\"")]
    Namespace {
        /// In the signature.
        found: String,
        /// What it must be for.
        wanted: String,
    },
    /// Its key is not in the file.
    #[error("no line of allowed_signers has the key {fingerprint}")]
    UnknownKey {
        /// `SHA256:…`
        fingerprint: String,
    },
    /// Its key is in the file and may not sign this, or not now.
    #[error("{principal} may not sign this: {because}")]
    NotAllowed {
        /// The line's principals.
        principal: String,
        /// Which option forbids it.
        because: String,
    },
    /// The signature does not fit the statement.
    #[error("the signature is not over this statement")]
    Mismatch,
}

/// Whose signature it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The principals of the line, as written.
    pub principal: String,
    /// `SHA256:…`, as ssh-keygen prints it.
    pub fingerprint: String,
}

/// The lines of an `allowed_signers` file.
#[derive(Debug, Clone)]
pub struct Signers(Vec<Signer>);

#[derive(Debug, Clone)]
struct Signer {
    principals: String,
    /// Any, where empty.
    namespaces: Vec<String>,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
    key: PublicKey,
}

impl Signers {
    /// Reads the file. One bad line fails all: a signer who is silently left out would be a riddle.
    ///
    /// # Errors
    /// The first line that cannot be read; a file without any.
    pub fn parse(text: &str) -> Result<Self, SshError> {
        let mut signers = Vec::new();
        for (at, raw) in text.lines().enumerate() {
            let raw = raw.trim();
            if raw.is_empty() || raw.starts_with('#') {
                continue;
            }
            signers.push(line(raw).map_err(|because| SshError::Line { line: at + 1, because })?);
        }
        if signers.is_empty() { Err(SshError::Nobody) } else { Ok(Self(signers)) }
    }

    /// Whose signature over `statement` this is, at the time `now`.
    ///
    /// # Errors
    /// What is wrong with the signature, its key or its time.
    pub fn verify(
        &self,
        statement: &[u8],
        signature: &str,
        namespace: &str,
        now: Timestamp,
    ) -> Result<Verified, SshError> {
        // A file written on Windows or pasted has other line endings and blank lines around.
        let tidy = format!("{}\n", signature.replace("\r\n", "\n").trim());
        let sig = SshSig::from_pem(&tidy).map_err(|e| SshError::NotASignature(e.to_string()))?;
        if sig.namespace() != namespace {
            let found = quoted(sig.namespace(), 60);
            return Err(SshError::Namespace { found, wanted: namespace.to_owned() });
        }
        let fingerprint = sig.public_key().fingerprint(HashAlg::Sha256).to_string();
        let mut forbidden = None;
        for signer in self.0.iter().filter(|s| s.key.key_data() == sig.public_key()) {
            if let Some(because) = signer.forbids(namespace, now) {
                forbidden = Some(SshError::NotAllowed { principal: signer.principals.clone(), because });
                continue;
            }
            signer.key.verify(namespace, statement, &sig).map_err(|_| SshError::Mismatch)?;
            return Ok(Verified { principal: signer.principals.clone(), fingerprint });
        }
        Err(forbidden.unwrap_or(SshError::UnknownKey { fingerprint }))
    }
}

impl Signer {
    fn forbids(&self, namespace: &str, now: Timestamp) -> Option<String> {
        if !self.namespaces.is_empty() && !self.namespaces.iter().any(|n| n == namespace || n == "*") {
            return Some(format!("the key is for the namespaces {}", quoted(&self.namespaces.join(","), 80)));
        }
        if let Some(after) = self.after.filter(|after| now < *after) {
            return Some(format!("the key is not valid before {}", after.rfc3339()));
        }
        let before = self.before.filter(|before| now >= *before)?;
        Some(format!("the key has not been valid since {}", before.rfc3339()))
    }
}

/// `principals [options] keytype base64 [comment]`
fn line(text: &str) -> Result<Signer, String> {
    let words = split(text, char::is_whitespace)?;
    let (principals, rest) = words.split_first().ok_or("it is empty")?;
    let is_type = |w: &str| ["ssh-", "ecdsa-", "sk-"].iter().any(|p| w.starts_with(p));
    let (options, rest) = match rest.split_first() {
        Some((first, _)) if is_type(first) => ("", rest),
        Some((first, rest)) => (first.as_str(), rest),
        None => return Err("it has no key".to_owned()),
    };
    let [kind, key, ..] = rest else { return Err("it has no key".to_owned()) };
    let key = PublicKey::from_openssh(&format!("{kind} {key}"))
        .map_err(|e| format!("the key cannot be read: {e}"))
        .and_then(|key| match key.algorithm() {
            ssh_key::Algorithm::Rsa { .. } | ssh_key::Algorithm::Dsa => {
                Err("RSA and DSA keys are not taken; use ssh-keygen -t ed25519".to_owned())
            }
            _ => Ok(key),
        })?;
    let mut signer = Signer {
        principals: quoted(principals.trim_matches('"'), 120),
        namespaces: Vec::new(),
        after: None,
        before: None,
        key,
    };
    for option in split(options, |c| c == ',')? {
        let (name, value) = option.split_once('=').unwrap_or((&option, ""));
        let value = value.trim_matches('"');
        match name.to_ascii_lowercase().as_str() {
            "namespaces" => signer.namespaces = value.split(',').map(|n| n.trim().to_owned()).collect(),
            "valid-after" => signer.after = Some(time(value)?),
            "valid-before" => signer.before = Some(time(value)?),
            "cert-authority" => return Err("certificates are not verified here; name the key itself".to_owned()),
            other => return Err(format!("the option {} is not known", quoted(other, 40))),
        }
    }
    Ok(signer)
}

/// Splits outside double quotes.
fn split(text: &str, at: impl Fn(char) -> bool) -> Result<Vec<String>, String> {
    let (mut out, mut word, mut inside) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        if c == '"' {
            inside = !inside;
        }
        if at(c) && !inside {
            if !word.is_empty() {
                out.push(std::mem::take(&mut word));
            }
        } else {
            word.push(c);
        }
    }
    if inside {
        return Err("a quote is not closed".to_owned());
    }
    if !word.is_empty() {
        out.push(word);
    }
    Ok(out)
}

/// `YYYYMMDD[HHMM[SS]][Z]`. OpenSSH reads it in local time without the Z; here it is UTC either way, so that a file says
/// the same on every machine.
fn time(text: &str) -> Result<Timestamp, String> {
    let bad = || format!("\"{}\" is no time; write YYYYMMDDHHMMSSZ", quoted(text, 40));
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    let full = format!("{digits:0<14}");
    let part = |from: usize, to: usize| full.get(from..to).unwrap_or("00");
    let rfc =
        format!("{}-{}-{}T{}:{}:{}Z", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 14));
    Timestamp::parse(&rfc).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssh_key::{LineEnding, PrivateKey, private::Ed25519Keypair};

    const SPACE: &str = "platform-integration";

    fn key(seed: u8) -> PrivateKey {
        PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))
    }

    fn public(seed: u8) -> String {
        key(seed).public_key().to_openssh().expect("a public key")
    }

    fn signed(seed: u8, namespace: &str, text: &str) -> String {
        let sig = key(seed).sign(namespace, HashAlg::Sha512, text.as_bytes()).expect("a signature");
        sig.to_pem(LineEnding::LF).expect("armored")
    }

    fn verify(file: &str, sig: &str, text: &str) -> Result<Verified, SshError> {
        let now = Timestamp::parse("2026-11-25T12:00:00Z").expect("a time");
        Signers::parse(file)?.verify(text.as_bytes(), sig, SPACE, now)
    }

    #[test]
    fn a_signature_counts_for_its_statement_its_key_and_its_purpose_alone() {
        let file = format!("# the team\nmira@example.com,ops {} mira\n", public(1));
        let sig = signed(1, SPACE, "yes");
        let who = verify(&file, &sig, "yes").expect("good");
        assert_eq!(who.principal, "mira@example.com,ops");
        assert!(who.fingerprint.starts_with("SHA256:"));
        assert_eq!(verify(&file, &sig.replace('\n', "\r\n"), "yes").map(|v| v.fingerprint), Ok(who.fingerprint));
        assert_eq!(verify(&file, &sig, "yes and more"), Err(SshError::Mismatch));
        assert!(matches!(verify(&file, &signed(2, SPACE, "yes"), "yes"), Err(SshError::UnknownKey { .. })));
        assert!(matches!(verify(&file, &signed(1, "git", "yes"), "yes"), Err(SshError::Namespace { .. })));
        assert!(matches!(verify(&file, "yes", "yes"), Err(SshError::NotASignature(_))));
    }

    #[test]
    fn options_limit_what_a_key_may_sign_and_when() {
        let sig = signed(1, SPACE, "yes");
        let with = |options: &str| verify(&format!("mira {options} {}", public(1)), &sig, "yes").map(|v| v.principal);
        let forbids = |options: &str| match with(options) {
            Err(SshError::NotAllowed { because, .. }) => because,
            other => format!("{other:?}"),
        };
        assert_eq!(with("namespaces=\"git,platform-integration\""), Ok("mira".to_owned()));
        assert_eq!(forbids("namespaces=\"git\""), "the key is for the namespaces git");
        assert_eq!(with("valid-after=\"20261125\",valid-before=\"20261126Z\""), Ok("mira".to_owned()));
        assert_eq!(forbids("valid-after=20261126"), "the key is not valid before 2026-11-26T00:00:00.000Z");
        assert_eq!(
            forbids("valid-before=\"202611251200\""),
            "the key has not been valid since 2026-11-25T12:00:00.000Z"
        );
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        let read = |text: &str| Signers::parse(text).expect_err("bad").to_string();
        assert_eq!(read("\n# nobody\n"), "allowed_signers names nobody");
        assert_eq!(read("\nmira"), "line 2 of allowed_signers: it has no key");
        assert!(read("mira ssh-ed25519 AAAA").starts_with("line 1 of allowed_signers: the key cannot be read"));
        let rest = public(1);
        assert!(read(&format!("mira cert-authority {rest}")).contains("certificates are not verified here"));
        assert!(read(&format!("mira colour=red {rest}")).contains("the option colour is not known"));
        assert!(read(&format!("mira valid-before=soon {rest}")).contains("is no time"));
        assert!(read(&format!("mira namespaces=\"git {rest}")).contains("a quote is not closed"));
    }
}
