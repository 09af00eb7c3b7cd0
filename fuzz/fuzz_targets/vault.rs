//! Any text as a vault text, with a password; and what is encrypted must come back.
#![no_main]

use deploy::vault::{Secret, encrypt, is_encrypted, open};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = open(text, &[]);
    let body = format!("$ANSIBLE_VAULT;1.1;AES256\n{text}");
    let _ = open(&body, &[]);
    // Deriving a key takes long: not every round.
    if text.len() % 64 == 7 {
        let secret = Secret::from_text("password");
        let sealed = encrypt(text.as_bytes(), &secret).expect("it can be encrypted");
        assert!(is_encrypted(&sealed));
        let opened = open(&sealed, std::slice::from_ref(&secret)).expect("it opens");
        assert_eq!(opened.0, text.as_bytes());
        let _ = open(&body, &[secret]);
    }
});
