//! What is the database told of a password? Only what checks it (RFC 5803), so that no statement log holds the password.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::{digest, hmac, pbkdf2};
use zeroize::Zeroizing;

use crate::clock::{NoChance, chance};
use crate::secret::Secret;

/// What Postgres itself uses. The password is drawn from 2^256, so that more would only cost time.
const ROUNDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(4095);

/// A password nobody chose, without characters that addresses would have to spell otherwise.
pub(super) fn password() -> Result<Secret, NoChance> {
    let drawn = Zeroizing::new(chance::<32>()?);
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(drawn.as_slice())))
}

/// The verifier of a password, as `CREATE ROLE ... PASSWORD` takes it.
pub(super) fn verifier(password: &Secret, salt: &[u8; 16]) -> String {
    let mut salted = Zeroizing::new([0_u8; 32]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, salt, password.expose().as_bytes(), salted.as_mut_slice());
    let key = hmac::Key::new(hmac::HMAC_SHA256, salted.as_slice());
    let client = hmac::sign(&key, b"Client Key");
    let stored = digest::digest(&digest::SHA256, client.as_ref());
    let server = hmac::sign(&key, b"Server Key");
    let [salt, stored, server] = [salt.as_slice(), stored.as_ref(), server.as_ref()].map(|part| STANDARD.encode(part));
    format!("SCRAM-SHA-256${ROUNDS}:{salt}${stored}:{server}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_is_what_the_database_would_have_made() {
        // The exchange of RFC 7677, section 3: its password and salt, and the server's signature made with this key.
        let salt: [u8; 16] = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap().try_into().unwrap();
        let made = verifier(&Secret::new("pencil".to_owned()), &salt);
        let (head, keys) = made.rsplit_once('$').unwrap();
        assert_eq!(head, "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==");
        let (stored, server) = keys.split_once(':').unwrap();
        let message = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                       s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(server).unwrap());
        assert_eq!(
            STANDARD.encode(hmac::sign(&key, message.as_bytes())),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        );
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(stored).unwrap());
        let proof = STANDARD.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
        let signed = hmac::sign(&key, message.as_bytes());
        let client: Vec<u8> = proof.iter().zip(signed.as_ref()).map(|(a, b)| a ^ b).collect();
        assert_eq!(STANDARD.encode(digest::digest(&digest::SHA256, &client)), stored);
    }

    #[test]
    fn no_two_passwords_are_the_same() {
        let (one, two) = (password().unwrap(), password().unwrap());
        assert!(one.expose() != two.expose() && one.expose().len() == 43);
    }
}
