//! Texts made by ansible-vault open, ours are made alike, and broken ones say why. `tests/vault/record` made the files.

use super::*;

fn message(text: &str, secrets: &[Secret]) -> String {
    decrypt(text, secrets).expect_err(text).message
}

#[test]
fn what_is_sealed_opens() {
    let secret = Secret::from_text("correct horse");
    for content in ["sixteen letters!", "many\nlines\nü\n"] {
        let text = encrypt(content.as_bytes(), &secret).expect("seals");
        assert!(text.starts_with("$ANSIBLE_VAULT;1.1;AES256\n") && text.lines().all(|line| line.len() <= 80));
        assert_eq!(decrypt(&text, std::slice::from_ref(&secret)).expect("opens"), content);
    }
    let named = secret.clone().with_id(Some("prod"));
    let text = encrypt(b"x", &named).expect("seals");
    assert!(text.starts_with("$ANSIBLE_VAULT;1.2;AES256;prod\n"));
    assert_eq!(id_of(&text).as_deref(), Some("prod"));
    let others = [Secret::from_text("wrong"), Secret::from_text("wrong too").with_id(Some("prod")), secret];
    assert_eq!(decrypt(&text, &others).expect("the third opens it"), "x");
}

#[test]
fn mistakes_are_told() {
    let secrets = [Secret::from_text("right")];
    let good = encrypt(b"hidden", &secrets[0]).expect("seals");
    assert_eq!(message(&good, &[]), "this is encrypted, and no vault password is given: Attempting to decrypt but no vault secrets found");
    assert_eq!(
        message(&good, &[Secret::from_text("wrong")]),
        "the vault password does not open this text: no vault secrets were found that could decrypt"
    );
    for (text, why) in [
        ("plain", "it does not begin with `$ANSIBLE_VAULT;`"),
        ("$ANSIBLE_VAULT;1.1\n", "its first line is incomplete"),
        ("$ANSIBLE_VAULT;2.0;AES256\n", "its format `2.0` is not known, only 1.1 and 1.2"),
        ("$ANSIBLE_VAULT;1.1;ROT13\n", "its cipher `ROT13` is not known, only AES256"),
        (
            "$ANSIBLE_VAULT;1.1;AES256\nxyz\n",
            "it holds something else than hexadecimal digits, or was cut off (Vault format unhexlify error: Non-hexadecimal digit found)",
        ),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", "it is incomplete"),
    ] {
        assert_eq!(message(text, &secrets), format!("this vault text cannot be read: {why}"));
    }
    let cut = &good[..good.len() - 41];
    assert!(decrypt(cut, &secrets).is_err());
}

#[test]
fn a_secret_may_open_only_what_names_it() {
    let secret = Secret::from_text("right");
    let named = encrypt(b"x", &secret.clone().with_id(Some("prod"))).expect("seals");
    assert!(decrypt(&named, &[secret.clone().only_own()]).is_err());
    assert!(decrypt(&named, &[secret.clone().with_id(Some("prod")).only_own()]).is_ok());
    let plain = encrypt_with_salt(b"x", &secret, b"salt");
    assert!(decrypt(&plain, &[secret.clone().only_own()]).is_ok());
    assert_eq!(encrypt_with_salt(b"x", &secret, b"salt"), plain);
}

#[test]
fn a_secret_does_not_show_itself() {
    assert_eq!(format!("{:?}", Secret::from_text("hush")), "Secret { id: None, .. }");
}
