//! Passkeys against a software authenticator.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use proptest::prelude::*;
use second_factors::{
    passkeys::{PasskeyError, Passkeys, PasskeysError, Stored},
    testing::Device,
};
use serde_json::Value;
use uuid::{Uuid, uuid};

const HELEN: Uuid = uuid!("019dc000-0000-7000-8000-000000000001");
const SOMEBODY: Uuid = uuid!("019dc000-0000-7000-8000-000000000002");

fn portal() -> Passkeys {
    Passkeys::new("https://portal.example", "Staff Record").unwrap()
}

fn registered(portal: &Passkeys, user: Uuid, device: &mut Device) -> Stored {
    let ceremony = portal.begin_registration(user, "427HOWSEA01", "Helen O'Wsea", &[]).unwrap();
    portal.finish_registration(&device.create(&ceremony.options), &ceremony.state).unwrap()
}

/// One asked for as a second factor.
fn authenticated(
    portal: &Passkeys,
    device: &mut Device,
    stored: &[String],
) -> Result<Option<String>, PasskeyError> {
    let ceremony = portal.begin_authentication(stored).unwrap();
    let used = portal.finish_authentication(&device.get(&ceremony.options), &ceremony.state, stored)?;
    assert_eq!(used.credential, device.credential);
    Ok(used.passkey)
}

#[test]
fn one_is_registered_then_a_second_factor_then_enough_by_itself() {
    let (portal, mut device) = (portal(), Device::new(1));
    let stored = registered(&portal, HELEN, &mut device);
    assert_eq!(stored.credential, device.credential);

    let passkey =
        authenticated(&portal, &mut device, &[stored.passkey]).unwrap().expect("the counter went on");

    let ceremony = portal.begin_log_in().unwrap();
    let answer = device.get(&ceremony.options);
    assert_eq!(portal.who(&answer), Ok((HELEN, device.credential.clone())));
    let used = portal.finish_log_in(&answer, &ceremony.state, std::slice::from_ref(&passkey)).unwrap();
    assert_eq!(used.credential, device.credential);
    // The counter is kept: the same answer is one of a copy.
    let again = portal.finish_log_in(&answer, &ceremony.state, &[used.passkey.unwrap()]);
    assert_eq!(again.unwrap_err(), PasskeyError::Cloned);
}

#[test]
fn browsers_are_asked_for_what_the_portal_needs() {
    let (portal, mut device) = (portal(), Device::new(1));
    let stored = [registered(&portal, HELEN, &mut device).passkey];
    let read = |options: &str| serde_json::from_str::<Value>(options).unwrap();

    let options =
        read(&portal.begin_registration(HELEN, "427HOWSEA01", "Helen O'Wsea", &stored).unwrap().options);
    let options = &options["publicKey"];
    assert_eq!(options["rp"], serde_json::json!({"name": "Staff Record", "id": "portal.example"}));
    assert_eq!(options["user"]["id"], BASE64URL.encode(HELEN));
    assert_eq!(options["user"]["name"], "427HOWSEA01");
    assert_eq!(options["user"]["displayName"], "Helen O'Wsea");
    assert_eq!(options["attestation"], "none");
    let selection = &options["authenticatorSelection"];
    assert_eq!(selection["residentKey"], "required");
    assert_eq!(selection["requireResidentKey"], true);
    assert_eq!(selection["userVerification"], "required");
    assert_eq!(options["excludeCredentials"][0]["id"], BASE64URL.encode(&device.credential));

    let options = read(&portal.begin_authentication(&stored).unwrap().options);
    assert_eq!(options.as_object().unwrap().len(), 1, "the page says how it is offered");
    let options = &options["publicKey"];
    assert_eq!(options["rpId"], "portal.example");
    assert_eq!(options["userVerification"], "required");
    assert_eq!(options["allowCredentials"][0]["id"], BASE64URL.encode(&device.credential));
    assert_eq!(options["allowCredentials"].as_array().unwrap().len(), 1);

    let options = read(&portal.begin_log_in().unwrap().options);
    assert_eq!(options.as_object().unwrap().len(), 1);
    assert_eq!(options["publicKey"]["allowCredentials"], serde_json::json!([]));
    assert_eq!(options["publicKey"]["userVerification"], "required");
}

#[test]
fn no_two_ceremonies_have_the_same_challenge() {
    let challenge = |options: &str| {
        let options: Value = serde_json::from_str(options).unwrap();
        options["publicKey"]["challenge"].as_str().unwrap().to_owned()
    };
    let portal = portal();
    let one = challenge(&portal.begin_log_in().unwrap().options);
    assert_eq!(BASE64URL.decode(&one).unwrap().len(), 32);
    assert_ne!(one, challenge(&portal.begin_log_in().unwrap().options));
}

#[test]
fn a_counter_that_stays_at_nought_is_no_copy() {
    let (portal, mut device) = (portal(), Device::new(1));
    device.counter = None;
    let stored = [registered(&portal, HELEN, &mut device).passkey];
    for _ in 0..2 {
        assert_eq!(authenticated(&portal, &mut device, &stored), Ok(None));
    }
}

#[test]
fn a_counter_that_goes_back_is_a_copy() {
    let (portal, mut device) = (portal(), Device::new(1));
    let stored = registered(&portal, HELEN, &mut device).passkey;
    device.counter = Some(7);
    let stored = [authenticated(&portal, &mut device, &[stored]).unwrap().unwrap()];
    for before in [7, 6, 0] {
        device.counter = Some(before);
        assert_eq!(authenticated(&portal, &mut device, &stored), Err(PasskeyError::Cloned), "after {before}");
    }
    device.counter = None;
    assert_eq!(authenticated(&portal, &mut device, &stored), Err(PasskeyError::Cloned));
    device.counter = Some(8);
    assert!(authenticated(&portal, &mut device, &stored).is_ok());
}

#[test]
fn of_two_ceremonies_at_once_the_slower_meets_the_counter_of_the_other() {
    let (portal, mut device) = (portal(), Device::new(1));
    let stored = [registered(&portal, HELEN, &mut device).passkey];
    let [one, other] = [(); 2].map(|()| portal.begin_authentication(&stored).unwrap());
    let copy = device.get(&one.options);
    device.counter = Some(5);
    let used = portal.finish_authentication(&device.get(&other.options), &other.state, &stored).unwrap();
    let refused = portal.finish_authentication(&copy, &one.state, &[used.passkey.unwrap()]);
    assert_eq!(refused.unwrap_err(), PasskeyError::Cloned);
}

#[test]
fn a_backup_that_was_made_since_is_kept() {
    let (portal, mut device) = (portal(), Device::new(1));
    device.counter = None;
    let stored = registered(&portal, HELEN, &mut device).passkey;
    device.is_backed_up = true;
    let stored = [authenticated(&portal, &mut device, &[stored]).unwrap().expect("the backup state changed")];
    assert_eq!(authenticated(&portal, &mut device, &stored), Ok(None));
}

#[test]
fn another_site_is_refused() {
    let portal = portal();
    let stored = [registered(&portal, HELEN, &mut Device::new(1)).passkey];
    for (origin, host) in [
        ("https://portal.example.evil.example", "portal.example"),
        ("https://evil.example", "portal.example"),
        ("https://sub.portal.example", "portal.example"),
        ("https://portal.example:8443", "portal.example"),
        ("http://portal.example", "portal.example"),
        ("https://portal.example", "evil.example"),
    ] {
        let mut device = Device::new(1);
        (device.origin, device.host) = (origin.to_owned(), host.to_owned());
        let ceremony = portal.begin_registration(HELEN, "427HOWSEA01", "Helen", &[]).unwrap();
        let refused = portal.finish_registration(&device.create(&ceremony.options), &ceremony.state);
        assert_eq!(refused.unwrap_err(), PasskeyError::WrongOrigin, "{origin} {host}");
        let refused = authenticated(&portal, &mut device, &stored);
        assert_eq!(refused, Err(PasskeyError::WrongOrigin), "{origin} {host}");
    }
}

#[test]
fn a_port_belongs_to_the_origin_but_not_to_the_passkey() {
    let portal = Passkeys::new("http://localhost:8080", "Demo").unwrap();
    let mut device = Device::new(1);
    (device.origin, device.host) = ("http://localhost:8080".to_owned(), "localhost".to_owned());
    let stored = [registered(&portal, HELEN, &mut device).passkey];
    assert!(authenticated(&portal, &mut device, &stored).is_ok());
    device.origin = "http://localhost:8081".to_owned();
    assert_eq!(authenticated(&portal, &mut device, &stored), Err(PasskeyError::WrongOrigin));
}

#[test]
fn another_ceremonys_state_is_refused() {
    let (portal, mut device) = (portal(), Device::new(1));
    let stored = [registered(&portal, HELEN, &mut device).passkey];
    let register = || portal.begin_registration(HELEN, "427HOWSEA01", "Helen", &[]).unwrap();
    let authenticate = || portal.begin_authentication(&stored).unwrap();
    let log_in = || portal.begin_log_in().unwrap();

    let answer = Device::new(2).create(&register().options);
    for state in [register().state, authenticate().state, log_in().state, String::new(), "{}".to_owned()] {
        assert_eq!(portal.finish_registration(&answer, &state).unwrap_err(), PasskeyError::Failed);
    }
    // The kind counts as much as the challenge: a log-in proves whose passkey it is, a second factor does not ask.
    let ceremony = authenticate();
    let answer = device.get(&ceremony.options);
    for state in [authenticate().state, register().state, log_in().state] {
        let refused = portal.finish_authentication(&answer, &state, &stored);
        assert_eq!(refused.unwrap_err(), PasskeyError::Failed);
    }
    let refused = portal.finish_log_in(&answer, &ceremony.state, &stored);
    assert_eq!(refused.unwrap_err(), PasskeyError::Failed);
    assert!(portal.finish_authentication(&answer, &ceremony.state, &stored).is_ok());
}

#[test]
fn a_device_that_does_not_check_who_uses_it_is_refused() {
    let (portal, mut device) = (portal(), Device::new(1));
    let stored = [registered(&portal, HELEN, &mut device).passkey];
    device.verifies_user = false;
    assert_eq!(authenticated(&portal, &mut device, &stored), Err(PasskeyError::NotVerified));
    let ceremony = portal.begin_log_in().unwrap();
    let refused = portal.finish_log_in(&device.get(&ceremony.options), &ceremony.state, &stored);
    assert_eq!(refused.unwrap_err(), PasskeyError::NotVerified);
    let ceremony = portal.begin_registration(HELEN, "427HOWSEA01", "Helen", &[]).unwrap();
    let refused = portal.finish_registration(&device.create(&ceremony.options), &ceremony.state);
    assert_eq!(refused.unwrap_err(), PasskeyError::NotVerified);
}

#[test]
fn somebody_elses_passkey_is_unknown() {
    let (portal, mut helens, mut somebodys) = (portal(), Device::new(1), Device::new(2));
    let stored = [registered(&portal, HELEN, &mut helens).passkey];
    registered(&portal, SOMEBODY, &mut somebodys);
    assert_eq!(authenticated(&portal, &mut somebodys, &stored), Err(PasskeyError::Unknown));
    // Not even where it says that it is hers.
    somebodys.user = HELEN.as_bytes().to_vec();
    let ceremony = portal.begin_log_in().unwrap();
    let answer = somebodys.get(&ceremony.options);
    assert_eq!(portal.who(&answer).unwrap().0, HELEN);
    assert_eq!(portal.finish_log_in(&answer, &ceremony.state, &stored).unwrap_err(), PasskeyError::Unknown);
    // Nor where it takes the other's id: the signature is not hers.
    somebodys.credential.clone_from(&helens.credential);
    assert_eq!(authenticated(&portal, &mut somebodys, &stored), Err(PasskeyError::Failed));
}

#[test]
fn an_account_without_passkeys_is_not_asked_for_one() {
    assert_eq!(portal().begin_authentication(&[]).unwrap_err(), PasskeyError::Unknown);
}

#[test]
fn one_is_not_registered_twice() {
    let (portal, mut device) = (portal(), Device::new(1));
    let stored = [registered(&portal, HELEN, &mut device).passkey];
    let ceremony = portal.begin_registration(HELEN, "427HOWSEA01", "Helen", &stored).unwrap();
    assert!(device.is_excluded(&ceremony.options), "a browser stops here");
    let refused = portal.finish_registration(&device.create(&ceremony.options), &ceremony.state);
    assert_eq!(refused.unwrap_err(), PasskeyError::Failed);
    let mut another = Device::new(2);
    assert!(portal.finish_registration(&another.create(&ceremony.options), &ceremony.state).is_ok());
}

#[test]
fn who_needs_a_user_of_ours() {
    let (portal, mut device) = (portal(), Device::new(1));
    let options = portal.begin_log_in().unwrap().options;
    for user in [&b""[..], b"427HOWSEA01", &[0; 64]] {
        device.user = user.to_vec();
        assert_eq!(portal.who(&device.get(&options)), Err(PasskeyError::Unknown));
    }
    device.user = HELEN.as_bytes().to_vec();
    let mut answer: Value = serde_json::from_str(&device.get(&options)).unwrap();
    answer["response"]["userHandle"] = Value::Null;
    assert_eq!(portal.who(&answer.to_string()), Err(PasskeyError::Unknown));
}

#[test]
fn what_no_browser_sends_is_unreadable() {
    let (portal, mut device) = (portal(), Device::new(1));
    let stored = [registered(&portal, HELEN, &mut device).passkey];
    let ceremony = portal.begin_log_in().unwrap();
    let answer = device.get(&ceremony.options);
    let deep = "[".repeat(10_000);
    for junk in ["", "null", "{}", "[]", "\u{0}", &answer[1..], &format!("{answer}{answer}"), &deep] {
        let refused = portal.finish_log_in(junk, &ceremony.state, &stored);
        assert_eq!(refused.unwrap_err(), PasskeyError::Unreadable);
        assert_eq!(portal.who(junk), Err(PasskeyError::Unreadable));
        let ceremony = portal.begin_registration(HELEN, "427HOWSEA01", "Helen", &[]).unwrap();
        let refused = portal.finish_registration(junk, &ceremony.state);
        assert_eq!(refused.unwrap_err(), PasskeyError::Unreadable);
    }
    // To the byte.
    let longest = format!("{answer:16384}");
    assert_eq!(portal.who(&format!("{longest} ")), Err(PasskeyError::Unreadable));
    assert!(portal.finish_log_in(&longest, &ceremony.state, &stored).is_ok());
}

#[test]
fn a_stored_passkey_that_cannot_be_read_fails() {
    let (portal, junk) = (portal(), ["{}".to_owned()]);
    assert_eq!(portal.begin_authentication(&junk).unwrap_err(), PasskeyError::Failed);
    let begun = portal.begin_registration(HELEN, "427HOWSEA01", "Helen", &junk);
    assert_eq!(begun.unwrap_err(), PasskeyError::Failed);
    let ceremony = portal.begin_log_in().unwrap();
    let answer = Device::new(1).get(&ceremony.options);
    assert_eq!(portal.finish_log_in(&answer, &ceremony.state, &junk).unwrap_err(), PasskeyError::Failed);
}

#[test]
fn only_addresses_where_browsers_have_passkeys() {
    for origin in [
        "https://portal.example",
        "https://portal.example/",
        "https://portal.example:8443",
        "http://localhost:8080",
        "http://portal.localhost",
        "https://localhost",
    ] {
        assert!(Passkeys::new(origin, "Staff Record").is_ok(), "{origin}");
    }
    for (origin, why) in [
        ("", PasskeysError::NoOrigin),
        ("portal.example", PasskeysError::NoOrigin),
        ("https://portal.example/staff", PasskeysError::NoOrigin),
        ("https://portal.example//", PasskeysError::NoOrigin),
        ("https://portal.example?a", PasskeysError::NoOrigin),
        ("https://helen@portal.example", PasskeysError::NoOrigin),
        ("ftp://portal.example", PasskeysError::NoOrigin),
        ("data:text/plain,portal.example", PasskeysError::NoOrigin),
        ("https://192.0.2.7", PasskeysError::NoHostName),
        ("http://127.0.0.1:8080", PasskeysError::NoHostName),
        ("https://[::1]", PasskeysError::NoHostName),
        ("http://portal.example", PasskeysError::NotSecure),
        ("http://notlocalhost", PasskeysError::NotSecure),
    ] {
        assert_eq!(Passkeys::new(origin, "Staff Record").unwrap_err(), why, "{origin}");
    }
}

/// A place in `bytes` changed, or the end cut off.
fn spoilt(bytes: &[u8], place: prop::sample::Index, by: Option<u8>) -> Vec<u8> {
    let (mut bytes, place) = (bytes.to_vec(), place.index(bytes.len()));
    match by {
        Some(by) => bytes[place] ^= by,
        None => bytes.truncate(place),
    }
    bytes
}

/// The answer with one of its binary values spoilt.
fn spoilt_within(answer: &str, name: &str, place: prop::sample::Index, by: Option<u8>) -> String {
    let mut answer: Value = serde_json::from_str(answer).unwrap();
    let value = &mut answer["response"][name];
    let bytes = BASE64URL.decode(value.as_str().unwrap()).unwrap();
    *value = BASE64URL.encode(spoilt(&bytes, place, by)).into();
    answer.to_string()
}

proptest! {
    #[test]
    fn junk_is_refused(junk in ".{0,200}") {
        let (portal, mut device) = (portal(), Device::new(1));
        let stored = [registered(&portal, HELEN, &mut device).passkey];
        let states = [
            portal.begin_registration(HELEN, "427HOWSEA01", "Helen", &[]).unwrap().state,
            portal.begin_authentication(&stored).unwrap().state,
            portal.begin_log_in().unwrap().state,
            junk.clone(),
        ];
        prop_assert!(portal.who(&junk).is_err());
        for state in states {
            prop_assert!(portal.finish_registration(&junk, &state).is_err());
            prop_assert!(portal.finish_authentication(&junk, &state, &stored).is_err());
            prop_assert!(portal.finish_log_in(&junk, &state, &stored).is_err());
        }
    }

    #[test]
    fn a_spoilt_registration_never_panics(
        place: prop::sample::Index,
        by in prop::option::weighted(0.9, 1..=255u8),
        name in prop::sample::select(vec!["attestationObject", "clientDataJSON"]),
    ) {
        let (portal, mut device) = (portal(), Device::new(1));
        let ceremony = portal.begin_registration(HELEN, "427HOWSEA01", "Helen", &[]).unwrap();
        let answer = device.create(&ceremony.options);
        let text = spoilt(answer.as_bytes(), place, by);
        for answer in [String::from_utf8_lossy(&text).into_owned(), spoilt_within(&answer, name, place, by)] {
            // Nothing signs a registration without attestation: some changes make another passkey, which works or not.
            if let Ok(stored) = portal.finish_registration(&answer, &ceremony.state) {
                let _ = authenticated(&portal, &mut device, &[stored.passkey]);
            }
        }
    }

    #[test]
    fn whatever_was_signed_cannot_be_changed(
        place: prop::sample::Index,
        by in prop::option::weighted(0.9, 1..=255u8),
        name in prop::sample::select(vec!["authenticatorData", "clientDataJSON", "signature"]),
    ) {
        let (portal, mut device) = (portal(), Device::new(1));
        let stored = [registered(&portal, HELEN, &mut device).passkey];
        let ceremony = portal.begin_log_in().unwrap();
        let answer = device.get(&ceremony.options);
        let answer_within = spoilt_within(&answer, name, place, by);
        prop_assert!(portal.finish_log_in(&answer_within, &ceremony.state, &stored).is_err());

        let text = spoilt(answer.as_bytes(), place, by);
        let text = String::from_utf8_lossy(&text);
        let _ = portal.who(&text);
        if let Ok(used) = portal.finish_log_in(&text, &ceremony.state, &stored) {
            prop_assert_eq!(used.credential, device.credential);
        }
    }
}
