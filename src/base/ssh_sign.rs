//! Signs a text with an SSH key, as `ssh-keygen -Y sign` does.

use ssh_key::{HashAlg, LineEnding, PrivateKey};

/// The armoured signature over `statement` with the private key in `key`, an OpenSSH key file's text.
///
/// # Errors
/// What is wrong with the key, in words: not a key, locked by a passphrase, of a kind that does not sign here.
pub fn sign(key: &str, namespace: &str, statement: &[u8]) -> Result<String, String> {
    let key = PrivateKey::from_openssh(key.trim()).map_err(|e| format!("it is no OpenSSH private key ({e})"))?;
    if key.is_encrypted() {
        return Err("it is locked by a passphrase".to_owned());
    }
    let signature = key
        .sign(namespace, HashAlg::Sha512, statement)
        .map_err(|e| format!("a key of kind {} does not sign here ({e})", key.algorithm().as_str()))?;
    signature.to_pem(LineEnding::LF).map_err(|e| format!("the signature cannot be written ({e})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::base::ssh::Signers;

    #[test]
    fn what_is_signed_here_is_verified_there() {
        let pair = ssh_key::private::Ed25519Keypair::from_seed(&[7; 32]);
        let key = PrivateKey::from(pair);
        let text = key.to_openssh(LineEnding::LF).expect("a key");
        let signature = sign(&text, "purpose", b"statement").expect("signed");
        let file = format!("mira {}\n", key.public_key().to_openssh().expect("a key"));
        let signers = Signers::parse(&file).expect("a file");
        let now = Timestamp(0);
        assert_eq!(signers.verify(b"statement", &signature, "purpose", now).expect("good").principal, "mira");
        assert!(signers.verify(b"another", &signature, "purpose", now).is_err());
        assert!(sign("no key", "purpose", b"x").is_err_and(|e| e.starts_with("it is no OpenSSH private key")));
    }
}
