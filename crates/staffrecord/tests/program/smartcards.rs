//! Smartcards at a running `serve`: the card host beside the portal, by TLS of its own or behind a proxy; what `check` says of its
//! files and settings; and `access re-enrol`.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use ::smartcards::{
    certificate::PROXY_HEADER,
    testing::{
        self as cards, Authority, Issued,
        rcgen::{CertificateParams, SerialNumber},
    },
};
use http::{Request, header};
use http_body_util::Full;
use hyper::body::Bytes;
use rustls::{
    ClientConfig, RootCertStore, SignatureScheme, SupportedProtocolVersion,
    client::ResolvesClientCert,
    crypto::ring,
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use second_factors::testing::Phone;
use store::{Clock, Instant};
use testing::Answer;

use crate::common::{
    browser::{Browser, exchange, exchange_by_tls},
    installation::{HOST, Installation, program},
    mailbox::mail_to,
    serve::Serve,
    staff::{HELEN, JOHN, PASSWORD, Person, set_password, staffed},
    until,
};

const CARD_HOST: &str = "card.portal.example";
const UUID: &str = "427000000001";
const DAY: i64 = 24 * 60;
const TABLE: &str = r#"
[access.smartcard_certificates]
host = "card.portal.example"
authorities = "authorities.pem"
revocation_lists = ["list.pem"]
"#;
const PROVIDER: &str = r#"
[[access.smartcard_providers]]
id = "cis2"
name = "NHS CIS2"
issuer = "https://identity.example.org"
client_id = "portal"
client_secret = "a secret of sixteen or more"
uuid_claim = "nhsid_useruid"
acr = ["AAL3_ANY"]
"#;

/// The system's own time, from which files and certificates are dated here.
fn now() -> Instant {
    Clock::system().now()
}

/// An installation with a card host, and the authority whose cards it takes.
struct Site {
    installation: Installation,
    authority: Authority,
    /// What a client trusts.
    roots: RootCertStore,
}

impl Site {
    /// Helen has a card; how the card host is reached is still to be said.
    fn new() -> Self {
        let installation = staffed(Installation::new());
        let staff = "employee_number,first_names,last_name,date_of_birth,email,smartcard_uuid,start_date\n\
                     20012345,Helen,O'Wsea,1984-03-17,helen.owsea@nhs.net,427000000001,2019-09-02\n";
        installation.import("427", staff).ends(0);
        let authority = Authority::root(cards::authority("Card Authority"));
        installation.write("authorities.pem", authority.certificate.pem());
        let site = Self { installation, authority, roots: RootCertStore::empty() };
        site.list(7 * DAY, &[]);
        site
    }

    /// The same, with HTTPS for both names.
    fn with_tls() -> Self {
        let mut site = Self::new();
        let web = Authority::root(cards::authority("Web Authority"));
        let own = web.issue(CertificateParams::new(vec![HOST.to_owned(), CARD_HOST.to_owned()]).unwrap());
        site.installation.write("certificate.pem", own.certificate.pem());
        site.installation.write("key.pem", own.key.serialize_pem());
        site.installation.change("#tls_certificate", "tls_certificate");
        site.installation.change("#tls_key", "tls_key");
        site.installation.add(TABLE);
        site.roots.add(web.certificate.der().clone()).unwrap();
        site
    }

    /// Writes the authority's list, in one step: it is to be followed by another in so many minutes.
    fn list(&self, minutes: i64, revoked: &[&SerialNumber]) {
        let list = self.authority.list(now().plus_minutes(-30 * DAY), now().plus_minutes(minutes), revoked);
        self.installation.write("list.new", list.pem().unwrap());
        std::fs::rename(self.installation.path("list.new"), self.installation.path("list.pem")).unwrap();
    }

    fn card(&self) -> Issued {
        self.authority.issue(cards::card(UUID))
    }

    fn client(&self, version: &'static SupportedProtocolVersion, reader: Arc<Reader>) -> ClientConfig {
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_client_cert_resolver(reader)
    }

    /// A browser at the portal's own name.
    fn browser(&self, serve: &Serve) -> Browser {
        let mut browser = serve.browser();
        browser.tls = Some(self.client(&TLS13, Reader::with(None)));
        browser
    }

    /// Shows a card at the card host, and takes what that says to the portal.
    async fn show(&self, serve: &Serve, browser: &mut Browser, card: Option<&Issued>) -> Answer {
        let path = begin(browser).await;
        let client = self.client(&TLS13, Reader::with(card));
        let (presented, _) =
            exchange_by_tls(serve.address, client, CARD_HOST, to(CARD_HOST, &path)).await.unwrap();
        browser.get(&back(&presented)).await
    }
}

/// Who shows a certificate when asked for one, and knows whether that was.
#[derive(Debug)]
struct Reader {
    card: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl Reader {
    fn with(card: Option<&Issued>) -> Arc<Self> {
        let card = card.map(|card| {
            let key = ring::default_provider().key_provider.load_private_key(card.key_der()).unwrap();
            Arc::new(CertifiedKey::new(vec![card.der()], key))
        });
        Arc::new(Self { card, asked: AtomicBool::new(false) })
    }
}

impl ResolvesClientCert for Reader {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.card.clone()
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn to(host: &str, path: &str) -> Request<Full<Bytes>> {
    Request::builder().uri(path).header(header::HOST, host).body(Full::default()).unwrap()
}

/// The path at the card host to which the portal sends the browser.
async fn begin(browser: &mut Browser) -> String {
    let begun = browser.get("/smartcard/begin?by=card").await;
    let place = begun.is(303).location().unwrap();
    place.strip_prefix("https://card.portal.example").unwrap().to_owned()
}

/// The path at the portal to which the card host sends it back.
fn back(presented: &Answer) -> String {
    let place = presented.is(303).location().unwrap();
    place.strip_prefix("https://portal.example").unwrap().to_owned()
}

/// The words of the refusals on the trail, in order.
async fn refusals(installation: &Installation) -> Vec<String> {
    let text = "SELECT data FROM audit_entry WHERE event = 'access.smartcard_refused' ORDER BY at";
    let data: Vec<String> =
        sqlx::query_scalar(text).fetch_all(&mut installation.database().await).await.unwrap();
    let word = |data: &String| {
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        data["outcome"].as_str().unwrap().to_owned()
    };
    data.iter().map(word).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_asked_for_at_the_card_host_alone_and_logs_in() {
    let site = Site::with_tls();
    site.installation
        .run(&["check"])
        .ends(0)
        .says("smartcards: authorities and revocation lists are current");
    let serve = Serve::start(&site.installation);
    let card = site.card();
    for version in [&TLS12, &TLS13] {
        let mut browser = site.browser(&serve);
        for (name, asked) in [(HOST, false), (CARD_HOST, true)] {
            let reader = Reader::with(Some(&card));
            let client = site.client(version, reader.clone());
            let (answer, _) = exchange_by_tls(serve.address, client, name, to(name, "/")).await.unwrap();
            assert_eq!(reader.asked.load(Ordering::Relaxed), asked, "{name}, {version:?}");
            assert_eq!(answer.status, if asked { 303 } else { 200 }, "{name}");
        }
        let path = begin(&mut browser).await;
        let client = site.client(version, Reader::with(Some(&card)));
        let (presented, _) =
            exchange_by_tls(serve.address, client, CARD_HOST, to(CARD_HOST, &path)).await.unwrap();
        browser.get(&back(&presented)).await.leads_to("/portal");
        browser.get("/portal").await.is(200).has("Helen O'Wsea");
    }
    // Nobody has to have a card: who has none gets a page as well.
    let page = site.show(&serve, &mut site.browser(&serve), None).await;
    page.is(403).has("No smartcard was read").has("Put your card into the reader");
    assert_eq!(refusals(&site.installation).await, ["no_certificate"]);
    let log = serve.stop();
    for hidden in [UUID, "ticket=", "code="] {
        assert!(!log.contains(hidden), "{hidden} in the log:\n{log}");
    }
    site.installation.run(&["audit", "verify"]).ends(0).says("Nothing was altered.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_on_the_other_names_connection_is_misdirected() {
    let site = Site::with_tls();
    let serve = Serve::start(&site.installation);
    let card = site.card();
    let own = "This connection was made for another name.";
    for (connected_to, asked_for, protocols, says) in [
        (HOST, CARD_HOST, &["h2"][..], own),
        (HOST, CARD_HOST, &["http/1.1"], own),
        (CARD_HOST, HOST, &["http/1.1"], "This address is not served here"),
        (CARD_HOST, HOST, &[], "This address is not served here"),
    ] {
        for path in ["/present?ticket=A", "/portal"] {
            let mut client = site.client(&TLS13, Reader::with(Some(&card)));
            client.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
            let request = match protocols {
                ["h2"] => Request::builder()
                    .uri(format!("https://{asked_for}{path}"))
                    .body(Full::default())
                    .unwrap(),
                _ => to(asked_for, path),
            };
            let (answer, _) = exchange_by_tls(serve.address, client, connected_to, request).await.unwrap();
            answer.is(421).has(says);
        }
    }
    serve.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_card_gets_a_page_also_once_it_is_cancelled_while_the_portal_runs() {
    let site = Site::with_tls();
    let (lost, card) = (site.card(), site.card());
    site.list(7 * DAY, &[&lost.serial]);
    let serve = Serve::start(&site.installation);
    let page = site.show(&serve, &mut site.browser(&serve), Some(&lost)).await;
    page.is(403).has("Your smartcard was cancelled").has("Reference: ").has("01234 567890");
    site.show(&serve, &mut site.browser(&serve), Some(&card)).await.leads_to("/portal");

    site.list(7 * DAY, &[&lost.serial, &card.serial]);
    until("the new list is read", || async {
        let answer = site.show(&serve, &mut site.browser(&serve), Some(&card)).await;
        (answer.status == 403).then(|| answer.has("Your smartcard was cancelled").text())
    })
    .await;
    // One past its next update lets nobody in.
    site.list(-1, &[]);
    until("the old list is read", || async {
        let answer = site.show(&serve, &mut site.browser(&serve), Some(&card)).await;
        answer.text().contains("Smartcards cannot be checked at the moment").then_some(())
    })
    .await;
    let words = refusals(&site.installation).await;
    assert!(words.starts_with(&["revoked".to_owned(), "revoked".to_owned()]), "{words:?}");
    assert_eq!(words.last().unwrap(), "revocation_unknown");
    serve.stop();
}

#[test]
fn check_says_what_stops_cards_or_will() {
    let site = Site::with_tls();
    let check = || site.installation.run(&["check"]);
    check().ends(0).says("ok    smartcards: authorities and revocation lists are current");
    site.list(47 * 60, &[]);
    check()
        .ends(0)
        .says("note  smartcards: ")
        .says("list.pem: the list of CN=Card Authority has to be followed");
    site.list(49 * 60, &[]);
    check().ends(0).says("lists are current");
    site.list(-1, &[]);
    check()
        .ends(3)
        .says("WRONG smartcards: ")
        .says("list.pem")
        .says("its cards are refused. Fetch the newer list");
    // It is no reason not to serve: whoever has a password gets in.
    Serve::start(&site.installation).stop();

    site.list(7 * DAY, &[]);
    let authorities = std::fs::read_to_string(site.installation.path("authorities.pem")).unwrap();
    for (content, says) in [
        (authorities[..authorities.len() / 2].to_owned(), "authorities.pem"),
        (String::new(), "holds no certificate"),
        (site.card().certificate.pem(), "is not an authority's"),
    ] {
        site.installation.write("authorities.pem", content);
        let key = "access.smartcard_certificates.authorities";
        check().ends(3).says("WRONG").says(key).says(says);
        site.installation.run(&["serve"]).ends(1).says(key).says(says);
    }
}

#[test]
fn settings_that_cannot_stand_are_named() {
    let tls = |installation: &Installation| {
        installation.change("#tls_certificate", "tls_certificate");
        installation.change("#tls_key", "tls_key");
    };
    let site = Site::with_tls();
    let short = format!("{TABLE}proxy_secret = \"not long enough\"");
    let twice = format!("{PROVIDER}{PROVIDER}");
    for (own_tls, tables, says) in [
        (false, TABLE, "access.smartcard_certificates: needs HTTPS by this program"),
        (true, &short, "access.smartcard_certificates.proxy_secret: is shorter than 32 characters"),
        (
            true,
            &format!("{TABLE}proxy_secret_file = \"gone\""),
            "access.smartcard_certificates.proxy_secret_file",
        ),
        (true, &format!("{TABLE}uuid_field = \"serial\""), "uuid_field = \"serial\""),
        (true, &format!("{TABLE}uuid_fields = \"CN\""), "Did you mean `uuid_field`?"),
        (true, &TABLE.replace("card.portal", "https://card.portal"), "access.smartcard_certificates.host"),
        (true, &TABLE.replace("list.pem", "gone.pem"), "access.smartcard_certificates.revocation_lists"),
        (
            false,
            &PROVIDER.replace("https://", "http://"),
            "access.smartcard_providers.issuer: is not https://",
        ),
        (
            false,
            &PROVIDER.replace("a secret of sixteen or more", "short"),
            "access.smartcard_providers.client_secret",
        ),
        (false, &PROVIDER.replace("[\"AAL3_ANY\"]", "[]"), "access.smartcard_providers.acr: is empty"),
        (
            false,
            &PROVIDER.replace("\"cis2\"", "\"card\""),
            "access.smartcard_providers.id: \"card\" is taken",
        ),
        (false, &twice, "access.smartcard_providers.id: \"cis2\" is taken"),
    ] {
        let installation = Installation::new();
        for file in ["authorities.pem", "list.pem", "certificate.pem", "key.pem"] {
            std::fs::copy(site.installation.path(file), installation.path(file)).unwrap();
        }
        if own_tls {
            tls(&installation);
        }
        installation.add(tables);
        installation.run(&["serve"]).ends(1).says(says).says_not("not long enough").says_not("panicked");
        installation.run(&["check"]).ends(3).says("WRONG").says(says).says_not("not long enough");
    }
    let installation = Installation::new();
    installation.change("#card_tls_certificate", "card_tls_certificate");
    installation
        .run(&["check"])
        .ends(3)
        .says("serve.card_tls_certificate: goes together with serve.card_tls_key");
    let installation = Installation::new();
    installation.add(PROVIDER);
    let back = "NHS CIS2 sends people back to https://portal.example/smartcard/provider";
    installation.run(&["check"]).ends(0).says(back);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_card_host_may_have_a_certificate_of_its_own() {
    let mut site = Site::with_tls();
    let web = Authority::root(cards::authority("Another Web Authority"));
    let own = web.issue(CertificateParams::new(vec![CARD_HOST.to_owned()]).unwrap());
    site.installation.write("card-certificate.pem", own.certificate.pem());
    site.installation.write("card-key.pem", own.key.serialize_pem());
    site.installation.change("#card_tls_certificate", "card_tls_certificate");
    site.installation.change("#card_tls_key", "card_tls_key");
    let serve = Serve::start(&site.installation);
    let refused = exchange_by_tls(
        serve.address,
        site.client(&TLS13, Reader::with(None)),
        CARD_HOST,
        to(CARD_HOST, "/"),
    );
    assert!(refused.await.is_err(), "it is not the portal's");
    site.roots.add(web.certificate.der().clone()).unwrap();
    site.show(&serve, &mut site.browser(&serve), Some(&site.card())).await.leads_to("/portal");
    serve.stop();
}

/// A certificate as nginx passes it on: PEM, percent-encoded.
fn escaped(card: &Issued) -> String {
    card.certificate.pem().bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_that_ends_tls_the_card_comes_in_a_header() {
    const SECRET: &str = "a-secret-between-the-proxy-and-us";
    let site = Site::new();
    site.installation.write("proxy-secret", format!("{SECRET}\n"));
    site.installation.add(&format!("{TABLE}proxy_secret_file = \"proxy-secret\""));
    let card = site.card();
    let through = async |serve: &Serve, headers: &[&str]| {
        let mut browser = serve.browser();
        browser.headers = vec![("x-forwarded-for", "203.0.113.9".to_owned())];
        let mut request = to(CARD_HOST, &begin(&mut browser).await);
        for value in headers {
            request.headers_mut().append(PROXY_HEADER, value.parse().unwrap());
        }
        let presented = exchange(serve.address, request).await.unwrap();
        browser.get(&back(&presented)).await
    };
    let right = format!("{SECRET} {}", escaped(&card));
    let forged = format!("A{} {}", &SECRET[1..], escaped(&card));

    // This machine is no proxy yet: nobody's header is believed, not even with the secret.
    let serve = Serve::start(&site.installation);
    through(&serve, &[&right]).await.is(403).has("This smartcard could not be read");
    serve.stop();
    site.installation.change("#trusted_proxies", "trusted_proxies");
    let serve = Serve::start(&site.installation);
    through(&serve, &[&right]).await.leads_to("/portal");
    for headers in [&[forged.as_str()][..], &[&forged, &right], &[&right, &forged]] {
        through(&serve, headers).await.is(403).has("This smartcard could not be read");
    }
    through(&serve, &[]).await.is(403).has("No smartcard was read");
    site.list(7 * DAY, &[&card.serial]);
    until("the new list is read", || async {
        let answer = through(&serve, &[&right]).await;
        answer.text().contains("Your smartcard was cancelled").then_some(())
    })
    .await;
    let words = refusals(&site.installation).await;
    assert_eq!(words[..5], ["forged", "forged", "forged", "forged", "no_certificate"]);
    assert!(!serve.stop().contains(SECRET), "the secret is in the log");
}

/// Somebody sets up an authenticator app; their browser.
async fn with_app(installation: &Installation, serve: &Serve, person: Person) -> Browser {
    set_password(installation, serve, person, "mail").await;
    let mut browser = serve.browser();
    browser.log_in(person.username, PASSWORD).await.leads_to("/portal");
    let form = "/my-account/second-factors/authenticator";
    let page = browser.get(form).await;
    let between = |before: &str, after: &str| {
        page.body.split_once(before).unwrap().1.split_once(after).unwrap().0.to_owned()
    };
    let phone = Phone::typed(&between("Key to type: <strong class=\"portal-code\">", "<"));
    let ticket = between("name=\"ticket\" value=\"", "\"");
    let code = phone.code(now());
    browser.post(form, &[("ticket", &ticket), ("code", &code), ("name", "App")]).await.is(303);
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_lost_everything_is_re_enrolled_by_command() {
    let installation = staffed(Installation::new());
    let serve = Serve::start(&installation);
    let re_enrol = |person: Person, more: &[&str]| {
        installation.run(&[&["access", "re-enrol", person.username], more].concat())
    };
    let reason = ["--reason", "Phone lost; seen in person with her badge"];
    re_enrol(HELEN, &[]).ends(2).says("--reason");
    re_enrol(HELEN, &["--agree", "--reason", "both"]).ends(2).says("cannot be used with");
    re_enrol(HELEN, &reason).ends(1).says("this account has no second factors");
    re_enrol(HELEN, &["--agree"]).ends(1).says("nobody has asked for this");
    let mut helen = with_app(&installation, &serve, HELEN).await;
    re_enrol(HELEN, &["--reason", " "]).ends(1).says("Give a reason of at most 500 characters");
    re_enrol(HELEN, &["--reason", &"x".repeat(501)]).ends(1).says("Give a reason of at most 500 characters");

    re_enrol(HELEN, &reason).ends(0).says("427HOWSEA01: the second factors are taken off on ");
    re_enrol(HELEN, &reason).ends(1).says("this was asked for before and is not done yet");
    re_enrol(HELEN, &["--agree"]).ends(1).says("it needs no second person");
    mail_to(&installation.path("mail"), HELEN.email, "will be taken off").await;
    // She is told where she is logged in, and can stop it.
    let page = helen.get("/my-account").await;
    let (_, rest) = page.is(200).body.split_once("/my-account/re-enrolment/").expect("it can be stopped");
    let stop = format!("/my-account/re-enrolment/{}/stop", rest.split('/').next().unwrap());
    helen.post(&stop, &[]).await.is(303);
    re_enrol(HELEN, &reason).ends(0);

    // Whoever holds a role needs a second person, and that is somebody else.
    with_app(&installation, &serve, JOHN).await;
    installation.does(&["role", "grant", JOHN.username, "hr"]);
    re_enrol(JOHN, &reason).ends(0).says("holds a role, so a second person has to agree").says("--agree");
    re_enrol(JOHN, &["--agree"]).ends(1).says("somebody else than who asked for it has to agree");
    // Behind sudo it counts who that was; only root can say so.
    if rustix::process::getuid().is_root() {
        let mut another = program(installation.folder());
        another.args(["access", "re-enrol", JOHN.username, "--agree"]).env("SUDO_UID", "4711");
        let said = another.output().unwrap();
        assert!(said.status.success(), "{said:?}");
        assert!(
            String::from_utf8_lossy(&said.stdout)
                .contains("427JSMITH01: the second factors are taken off on ")
        );
        mail_to(&installation.path("mail"), JOHN.email, "will be taken off").await;
        re_enrol(JOHN, &["--agree"]).ends(1).says("nobody has asked for this");
    }
    serve.stop();
    installation.run(&["audit", "verify"]).ends(0).says("Nothing was altered.");
}
