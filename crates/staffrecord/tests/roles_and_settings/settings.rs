use records::{Policies, Role, Settings};
use testing::{Answer, Browser, OUTSIDE, Portal, both_databases};

use crate::{AMINA, GARETH, HELEN, JANE, JOANNE, trail};

async fn settings(portal: &Portal) -> Settings {
    portal.holder(AMINA).await.employer.settings
}

/// Sends a section's form as it would be sent from its page.
async fn preview(browser: &mut Browser, section: &str, fields: &[(&str, &str)]) -> Answer {
    let form = if section == "links" { "links/add" } else { section };
    let page = browser.get(&format!("/hr/settings/{form}")).await;
    let revision = page.is(200).between("name=\"revision\" value=\"", "\"").to_owned();
    let fields = [&[("revision", revision.as_str())], fields].concat();
    browser.post(&format!("/hr/settings/{section}/preview"), &fields).await
}

/// The page that shows what would change.
async fn shown(browser: &mut Browser, sent: &Answer) -> (String, Answer) {
    let path = sent.location().unwrap_or_else(|| panic!("{}", sent.text())).to_owned();
    assert!(path.starts_with("/hr/settings/changes/"), "{path}");
    let page = browser.get(&path).await;
    page.is(200).has("See what will change").has("Nothing is changed yet.");
    (path, page)
}

async fn apply(browser: &mut Browser, path: &str) -> Answer {
    browser.post(&format!("{path}/apply"), &[]).await
}

both_databases!(a_change_is_shown_and_then_applied_as_it_was_shown, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let page = amina.get("/hr/settings").await;
    page.is(200).has("Service desk: Telephone 01632 960427").has("192.0.2.0/24").has("Link 2 PC Checker");
    let before = settings(&portal).await;
    let fields = [("networks", "192.0.2.0/24\r\n10.1.2.3/8, 2001:db8::1;192.0.2.0/24\n")];
    let sent = preview(&mut amina, "networks", &fields).await;
    let (path, page) = shown(&mut amina, &sent).await;
    page.has("Networks Now 192.0.2.0/24 Afterwards 192.0.2.0/24, 10.0.0.0/8, 2001:db8::1/128")
        .has_not("Important");
    assert_eq!(settings(&portal).await, before, "nothing is changed by looking");

    apply(&mut amina, &path).await.leads_to("/hr/settings?done=networks");
    amina.get("/hr/settings?done=networks").await.has("Changed: Networks.").has("10.0.0.0/8");
    let after = settings(&portal).await;
    assert_eq!(
        after.networks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["192.0.2.0/24", "10.0.0.0/8", "2001:db8::1/128"]
    );
    assert_eq!(Settings { networks: before.networks.clone(), ..after }, before, "and nothing else");
    // It is applied once.
    apply(&mut amina, &path).await.is(404);

    let entries = trail(&portal, "records.employer_set").await;
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].actor.as_str(), entries[0].actor_role.as_deref()), ("person", Some("hr")));
    let changed = &entries[0].data()["changed"]["settings.networks"];
    assert_eq!(changed["before"], serde_json::json!(["192.0.2.0/24"]));
    assert_eq!(changed["after"], serde_json::json!(["192.0.2.0/24", "10.0.0.0/8", "2001:db8::1/128"]));
});

both_databases!(hr_and_auditors_are_mailed_when_it_changes_how_staff_get_in, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    portal.grant(GARETH, Role::Hr).await;
    portal.grant(HELEN, Role::Auditor).await;
    portal.grant(JOANNE, Role::ServiceDesk).await;
    let told = async |portal: &Portal| {
        portal.settle().await;
        let mut mails = portal.mails();
        mails.retain(|mail| mail.subject == "Networks or mail domains were changed");
        mails
    };
    let sent = preview(&mut amina, "networks", &[("networks", "192.0.2.0/24 10.0.0.0/8")]).await;
    let (path, _) = shown(&mut amina, &sent).await;
    assert!(told(&portal).await.is_empty(), "looking changes nothing");
    apply(&mut amina, &path).await.is(303);
    let mails = told(&portal).await;
    let mut to: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
    to.sort_unstable();
    // Whoever did it too: it may have been somebody else in their name.
    assert_eq!(to, ["amina.delacruz@nhs.net", "gareth.pugh@nhs.net", "helen.owsea@nhs.net"]);
    for words in ["Networks before", "Networks now", "192.0.2.0/24, 10.0.0.0/8", "Amina de la Cruz"] {
        assert!(mails[0].text.contains(words), "{words}: {}", mails[0].text);
    }
    assert!(!mails[0].text.contains("Mail domains before") && mails[0].links.is_empty());

    // By the operator's command as well; what else is changed is no matter of theirs.
    portal.set("427", |settings| settings.mail_domains.push("evil.example".into())).await;
    let mails = told(&portal).await;
    assert_eq!(mails.len(), 6);
    assert!(
        mails[0].text.contains("nhs.net, evil.example") && mails[0].text.contains("The portal's operator")
    );
    portal.set("427", |settings| settings.message = Some("The canteen is shut.".into())).await;
    assert_eq!(told(&portal).await.len(), 6);
});

both_databases!(each_section_is_changed_by_its_form, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let contacts = [
        ("desk-name", "  Helpdesk "),
        ("desk-phone", "0113 496 0000"),
        ("desk-email", "help@nhs.net"),
        ("desk-hours", "Every day"),
        ("it-name", ""),
    ];
    let sent = preview(&mut amina, "contacts", &contacts).await;
    let (path, page) = shown(&mut amina, &sent).await;
    page.has("Service desk: Name Now ESR Service Desk Afterwards Helpdesk");
    page.has("IT service desk: Telephone Now 01632 960100 Afterwards None");
    apply(&mut amina, &path).await.leads_to("/hr/settings?done=contacts");

    let sent = preview(&mut amina, "mail-domains", &[("domains", "NHS.net\nexample.nhs.uk")]).await;
    let (path, page) = shown(&mut amina, &sent).await;
    page.has_not("Important");
    apply(&mut amina, &path).await.leads_to("/hr/settings?done=mail-domains");

    let messages = [
        ("message", "The canteen\n is shut <today>."),
        ("learning-message", "Our courses are elsewhere."),
        ("learning-homepage", "https://learning.example/"),
    ];
    let sent = preview(&mut amina, "messages", &messages).await;
    let (path, page) = shown(&mut amina, &sent).await;
    page.has("Message on the portal page Now None Afterwards The canteen is shut <today>.");
    apply(&mut amina, &path).await.leads_to("/hr/settings?done=messages");
    let page = amina.get("/portal").await;
    page.has("The canteen is shut <today>.")
        .has("My e-Learning Information: Our courses are elsewhere. Learner Homepage");
    assert!(page.body.contains("href=\"https://learning.example/\""));

    let mut policies = policy_fields(&Policies::default());
    policies.iter_mut().find(|(name, _)| name == "link_minutes").unwrap().1 = "60".into();
    policies.iter_mut().find(|(name, _)| name == "second_factor").unwrap().1 = "required".into();
    policies.iter_mut().find(|(name, _)| name == "payslips_two_persons").unwrap().1 = "true".into();
    let fields: Vec<(&str, &str)> =
        policies.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sent = preview(&mut amina, "policies", &fields).await;
    let (path, page) = shown(&mut amina, &sent).await;
    page.has("Minutes that a mailed link works Now 30 Afterwards 60");
    page.has("Afterwards Required: everybody gives one").has_not("Hours until");
    page.has("have to agree before payslips are published Now No Afterwards Yes");
    apply(&mut amina, &path).await.leads_to("/hr/settings?done=policies");

    let now = settings(&portal).await;
    assert_eq!((now.service_desk.name.as_str(), now.it_service_desk), ("Helpdesk", None));
    assert_eq!(now.mail_domains, ["nhs.net", "example.nhs.uk"]);
    assert_eq!(now.message.as_deref(), Some("The canteen is shut <today>."));
    assert_eq!(now.learning.unwrap().homepage, "https://learning.example/");
    let expected = Policies {
        link_minutes: 60,
        second_factor: records::SecondFactor::Required,
        payslips_two_persons: true,
        ..Policies::default()
    };
    assert_eq!(now.policies, expected);
    assert_eq!(trail(&portal, "records.employer_set").await.len(), 4);
});

/// Policies as their form sends them.
fn policy_fields(policies: &Policies) -> Vec<(String, String)> {
    let value = serde_json::to_value(policies).unwrap();
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut fields: Vec<(String, String)> =
        value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect();
    // Not written down where they are as usual, since an older release does not know them.
    for (name, usual) in [
        ("payslips_two_persons", policies.payslips_two_persons.to_string()),
        ("leavers_years", policies.leavers_years.to_string()),
    ] {
        if !fields.iter().any(|(written, _)| written == name) {
            fields.push((name.into(), usual));
        }
    }
    fields
}

both_databases!(links_are_added_ordered_changed_and_taken_off_for_whom_they_are, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let mut helen = portal.logged_in(HELEN).await;
    let link = [("title", "Rota"), ("address", "https://rota.example/"), ("only_for", "hr"), ("place", "1")];
    let sent = preview(&mut amina, "links", &link).await;
    let (path, page) = shown(&mut amina, &sent).await;
    page.has(
        "Link 1 Now Learning and Development Prospectus: /e-learning#find (for everyone) \
              Afterwards Rota: https://rota.example/ (for HR)",
    );
    page.has("Link 4 Now None Afterwards STAR Homepage");
    apply(&mut amina, &path).await.leads_to("/hr/settings?done=links");
    amina.get("/portal").await.has("Local Links Rota Learning and Development Prospectus");
    helen.get("/portal").await.has("Local Links Learning and Development Prospectus").has_not("Rota");

    amina.get("/hr/settings/links").await.is(200).has("Rota https://rota.example/ (for HR)");
    let page = amina.get("/hr/settings/links/1").await;
    page.is(200).has("Change a link");
    assert!(page.body.contains("value=\"https://rota.example/\""), "{}", page.body);
    let everyone = [
        ("which", "1"),
        ("title", "Rota"),
        ("address", "https://rota.example/"),
        ("only_for", "everyone"),
        ("place", "3"),
    ];
    let sent = preview(&mut amina, "links", &everyone).await;
    let (path, _) = shown(&mut amina, &sent).await;
    apply(&mut amina, &path).await.is(303);
    let titles =
        |settings: Settings| settings.local_links.into_iter().map(|link| link.title).collect::<Vec<_>>();
    let now = titles(settings(&portal).await);
    assert_eq!(now, ["Learning and Development Prospectus", "PC Checker", "Rota", "STAR Homepage"]);
    helen.get("/portal").await.has("PC Checker Rota STAR Homepage");

    let sent = preview(&mut amina, "links", &[("which", "2"), ("act", "remove")]).await;
    let (path, page) = shown(&mut amina, &sent).await;
    page.has(
        "Link 4 Now STAR Homepage: https://intranet.northmoor.example/star (for everyone) Afterwards None",
    );
    apply(&mut amina, &path).await.is(303);
    assert_eq!(
        titles(settings(&portal).await),
        ["Learning and Development Prospectus", "Rota", "STAR Homepage"]
    );
    for path in ["/hr/settings/links/0", "/hr/settings/links/4", "/hr/settings/links/x"] {
        amina.get(path).await.is(404);
    }
    preview(&mut amina, "links", &[("which", "9"), ("act", "remove")]).await.is(404);
});

both_databases!(what_is_wrong_is_said_at_its_field, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let links = |title: &'static str, address: &'static str, only_for: &'static str, place: &'static str| {
        [("title", title), ("address", address), ("only_for", only_for), ("place", place)]
    };
    let policy = |name: &'static str, value: &str| {
        let mut fields = policy_fields(&Policies::default());
        fields.iter_mut().find(|(found, _)| found == name).unwrap().1 = value.to_owned();
        fields
    };
    let owned = |fields: &[(&str, &str)]| {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };
    let many: String = (0..101).map(|n| format!("10.{n}.0.0/16 ")).collect();
    for (section, fields, field, says) in [
        ("contacts", owned(&[("desk-phone", "ring me")]), "desk-phone", "write a telephone number"),
        ("contacts", owned(&[("it-email", "nobody")]), "it-email", "this is not an email address"),
        ("contacts", owned(&[("desk-hours", &"x".repeat(201))]), "desk-hours", "write 0 to 200 characters"),
        ("networks", owned(&[("networks", "10.0.0.0/33")]), "networks", "10.0.0.0/33: this is no network"),
        ("networks", owned(&[("networks", "0.0.0.0/0")]), "networks", "this is every address there is"),
        ("networks", owned(&[("networks", &many)]), "networks", "write 100 at most"),
        (
            "mail-domains",
            owned(&[("domains", "@nhs.net")]),
            "domains",
            "@nhs.net: write a mail domain without @",
        ),
        ("mail-domains", owned(&[("domains", "nhs.net")]), "domains", "You have changed nothing."),
        ("messages", owned(&[("message", &"x".repeat(501))]), "message", "write 1 to 500 characters"),
        ("messages", owned(&[("learning-message", "Look")]), "learning-homepage", "begins with https://"),
        (
            "links",
            owned(&links("", "https://a.example", "everyone", "1")),
            "title",
            "Write 1 to 60 characters",
        ),
        (
            "links",
            owned(&links("A", "javascript:alert(1)", "everyone", "1")),
            "address",
            "begins with https:// or mailto:",
        ),
        ("links", owned(&links("A", "https://a.example", "operator", "1")), "only_for", "Choose one."),
        (
            "links",
            owned(&links("A", "https://a.example", "everyone", "5")),
            "place",
            "Write a number from 1 to 4.",
        ),
        (
            "links",
            owned(&links("A", "https://a.example", "everyone", "0")),
            "place",
            "Write a number from 1 to 4.",
        ),
        ("policies", policy("link_minutes", "1441"), "link_minutes", "1441: write a number from 5 to 1440."),
        ("policies", policy("link_minutes", "-5"), "link_minutes", "-5: write a whole number."),
        (
            "policies",
            policy("lock_most_minutes", "5"),
            "lock_most_minutes",
            "5: write a number from 15 to 1440.",
        ),
        ("policies", policy("second_factor", ""), "second_factor", "Choose one."),
        ("policies", policy("payslips_two_persons", ""), "payslips_two_persons", "Choose one."),
    ] {
        let before = settings(&portal).await;
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let page = preview(&mut amina, section, &fields).await;
        page.is(422).has("There is a problem").has(says);
        assert!(page.body.contains(&format!("href=\"#{field}\"")), "{section} {field}: {}", page.body);
        assert!(page.body.contains(&format!("id=\"{field}\"")), "{section} {field}");
        assert_eq!(settings(&portal).await, before);
    }
    let page = preview(&mut amina, "networks", &[("networks", "10.0.0.0/33")]).await;
    assert!(page.body.contains(">10.0.0.0/33</textarea>"), "what was typed is kept: {}", page.body);
});

both_databases!(whoever_would_shut_themselves_out_is_warned, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let sent = preview(&mut amina, "networks", &[("networks", "10.0.0.0/8")]).await;
    let (_, page) = shown(&mut amina, &sent).await;
    page.has("Your own address, 192.0.2.10, would no longer be inside.")
        .has("HR's pages would be shut to you");

    portal.set("427", |settings| settings.policies.roles_from_outside = true).await;
    let sent = preview(&mut amina, "networks", &[("networks", "")]).await;
    let (_, page) = shown(&mut amina, &sent).await;
    page.has("Your own address, 192.0.2.10, would no longer be inside.").has_not("HR's pages would be shut");
    amina.address = OUTSIDE.parse().unwrap();
    let fields = policy_fields(&Policies::default());
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sent = preview(&mut amina, "policies", &fields).await;
    let (_, page) = shown(&mut amina, &sent).await;
    page.has("HR's pages would be shut to you").has_not("Your own address");

    let staff = store::testing::strings(
        &portal.db,
        "SELECT s.email FROM staff s JOIN employer e ON e.id = s.employer_id WHERE e.code = '427' AND s.email LIKE '%@nhs.net'
             AND s.last_day IS NULL",
    )
    .await;
    let sent = preview(&mut amina, "mail-domains", &[("domains", "example.nhs.uk")]).await;
    let (_, page) = shown(&mut amina, &sent).await;
    page.has(&format!("{} of your staff have addresses to which no link would be mailed", staff.len()));
});

both_databases!(what_somebody_else_has_changed_is_not_undone, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let mut gareth = portal.with_role(GARETH, Role::Hr).await;
    let form = amina.get("/hr/settings/networks").await;
    let revision = form.between("name=\"revision\" value=\"", "\"").to_owned();
    let sent = preview(&mut amina, "messages", &[("message", "From Amina")]).await;
    let (hers, _) = shown(&mut amina, &sent).await;
    let sent = preview(&mut gareth, "messages", &[("message", "From Gareth")]).await;
    let (his, _) = shown(&mut gareth, &sent).await;
    apply(&mut gareth, &his).await.leads_to("/hr/settings?done=messages");

    let overtaken = "Somebody else has changed this: look again.";
    amina.get(&hers).await.is(409).has(overtaken);
    apply(&mut amina, &hers).await.is(409).has(overtaken);
    for stale in [revision.as_str(), "", "0", "x"] {
        let fields = [("revision", stale), ("networks", "10.0.0.0/8")];
        amina.post("/hr/settings/networks/preview", &fields).await.is(409).has(overtaken);
    }
    assert_eq!(settings(&portal).await.message.as_deref(), Some("From Gareth"));
    // She looks again.
    let sent = preview(&mut amina, "messages", &[("message", "From both")]).await;
    let (path, page) = shown(&mut amina, &sent).await;
    page.has("Now From Gareth Afterwards From both");
    apply(&mut amina, &path).await.is(303);
    assert_eq!(settings(&portal).await.message.as_deref(), Some("From both"));
});

both_databases!(a_draft_is_its_makers_alone, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let mut gareth = portal.with_role(GARETH, Role::Hr).await;
    let mut desk = portal.with_role(JOANNE, Role::ServiceDesk).await;
    let mut jane = portal.with_role(JANE, Role::Hr).await;
    let sent = preview(&mut amina, "mail-domains", &[("domains", "evil.example")]).await;
    let (path, _) = shown(&mut amina, &sent).await;
    // A forged id, somebody else's, another employer's, another role's.
    let forged = "/hr/settings/changes/0193f0a0-0000-7000-8000-000000000000".to_owned();
    for (browser, path, status) in [
        (&mut amina, &forged, 404),
        (&mut gareth, &path, 404),
        (&mut jane, &path, 404),
        (&mut desk, &path, 403),
    ] {
        browser.get(path).await.is(status);
        apply(browser, path).await.is(status);
    }
    // Outside, HR's pages are shut, whatever is open there.
    amina.address = OUTSIDE.parse().unwrap();
    apply(&mut amina, &path).await.is(403).has("This page opens at work only");
    amina.address = testing::INSIDE.parse().unwrap();
    assert_eq!(settings(&portal).await.mail_domains, ["nhs.net"]);

    // Withdrawn in between.
    let page = gareth.get("/hr/roles").await;
    let grant = crate::id_after(&page, "Amina de la Cruz", "/hr/roles/", "/withdraw");
    gareth.post(&format!("/hr/roles/{grant}/withdraw"), &[("reason", "left the team")]).await.is(303);
    apply(&mut amina, &path).await.is(403).has("This page is not for you");
    assert_eq!(settings(&portal).await.mail_domains, ["nhs.net"]);
});

both_databases!(a_proof_is_asked_for_and_the_draft_waits_for_it, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    portal.clock.advance(5 * 60 + 1);
    let sent = preview(&mut amina, "messages", &[("message", "Hello")]).await;
    let (path, _) = shown(&mut amina, &sent).await;
    let back = format!("/confirm?return={}", path.replace('/', "%2F"));
    apply(&mut amina, &path).await.leads_to(&back);
    assert_eq!(settings(&portal).await.message, None);
    amina.get(&path).await.is(200).has("Afterwards Hello");
    // After an hour it is forgotten.
    for _ in 0..5 {
        portal.clock.advance(14 * 60);
        amina.get("/hr/settings").await.is(200);
    }
    amina.get(&path).await.is(404);
    apply(&mut amina, &path).await.is(404);
});

/// Two pixels.
const PICTURE: &[u8] =
    b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x02\x00\x00\
    \x00\x01\x08\x02\x00\x00\x00\x7b\x40\xe8\xdd\x00\x00\x00\x0f\x49\x44\x41\x54\x78\x9c\x63\
    \x60\x88\xdb\xf1\xff\xff\x7f\x00\x0a\xb7\x04\x14\xd7\x29\x26\x4f\x00\x00\x00\x00\x49\x45\
    \x4e\x44\xae\x42\x60\x82";

/// One.
const ANOTHER: &[u8] =
    b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x01\x00\x00\
    \x00\x01\x08\x02\x00\x00\x00\x90\x77\x53\xde\x00\x00\x00\x0c\x49\x44\x41\x54\x78\x9c\x63\
    \xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00\x49\x45\x4e\x44\xae\
    \x42\x60\x82";

/// Sends a file as the logo's page does.
async fn send_logo(browser: &mut Browser, file: &[u8]) -> Answer {
    let page = browser.get("/hr/settings/logo").await;
    let revision = page.is(200).between("name=\"revision\" value=\"", "\"").to_owned();
    browser
        .post_files("/hr/settings/logo/preview", &[("revision", &revision)], &[("picture", "logo.png", file)])
        .await
}

both_databases!(a_logo_is_shown_to_its_own_staff_and_taken_off_again, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let mut helen = portal.logged_in(HELEN).await;
    let mut john = portal.logged_in("999JSMITH01").await;
    let sent = send_logo(&mut amina, PICTURE).await;
    let (path, page) = shown(&mut amina, &sent).await;
    page.has("Logo Now None Afterwards Picture");
    let logo = page.between("src=\"/logo/", "\"").to_owned();
    assert!(!helen.get("/portal").await.body.contains("/logo/"), "it does not hold yet");
    apply(&mut amina, &path).await.leads_to("/hr/settings?done=logo");

    let tag = format!("src=\"/logo/{logo}\" alt=\"Northmoor Hospitals Trust\"");
    for browser in [&mut amina, &mut helen] {
        assert!(browser.get("/portal").await.body.contains(&tag), "in the header of each of its staff");
    }
    assert!(!john.get("/portal").await.body.contains("/logo/"), "and of nobody else");
    // The picture is under an address that never changes what it holds.
    let picture = portal.browser().get(&format!("/logo/{logo}")).await;
    picture.is(200);
    assert!(picture.body.contains("PNG"), "{}", picture.body);
    for (name, value) in [
        ("content-type", "image/png"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(picture.headers[name], value);
    }
    for other in ["x", &"0".repeat(64), "..%2Fx"] {
        portal.browser().get(&format!("/logo/{other}")).await.is(404);
    }
    send_logo(&mut amina, PICTURE).await.is(422).has("You have changed nothing.");

    let page = amina.get("/hr/settings/logo").await;
    let revision = page.has("Take the logo off").between("name=\"revision\" value=\"", "\"").to_owned();
    let sent = amina.post("/hr/settings/logo/remove", &[("revision", &revision)]).await;
    let (path, _) = shown(&mut amina, &sent).await;
    apply(&mut amina, &path).await.leads_to("/hr/settings?done=logo");
    assert!(!helen.get("/portal").await.body.contains("/logo/"));
    let entries = trail(&portal, "records.employer_set").await;
    let changed: Vec<_> =
        entries.iter().map(|entry| entry.data()["changed"]["settings.logo"].clone()).collect();
    assert_eq!(changed[0], serde_json::json!({ "before": null, "after": logo }));
    assert_eq!(changed[1], serde_json::json!({ "before": logo, "after": null }));

    // A day later, with the next picture, what nobody has is gone.
    portal.clock.advance(25 * 3600);
    amina.log_in_again(AMINA).await;
    portal.browser().get(&format!("/logo/{logo}")).await.is(200);
    send_logo(&mut amina, ANOTHER).await.is(303);
    portal.browser().get(&format!("/logo/{logo}")).await.is(404);
});

both_databases!(what_is_no_logo_is_refused_at_its_field, |portal| async move {
    let mut amina = portal.with_role(AMINA, Role::Hr).await;
    let large = [PICTURE, &vec![0; 1024 * 1024]].concat();
    for (file, says) in [
        (&b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"[..], "This file is no PNG and no JPEG."),
        (&PICTURE[..40], "This picture cannot be read."),
        (&large, "This file is larger than 1 MiB."),
    ] {
        let page = send_logo(&mut amina, file).await;
        page.is(422).has("There is a problem").has(says);
        assert!(page.body.contains("href=\"#picture\""), "{}", page.body);
    }
    send_logo(&mut amina, &vec![0; 3 * 1024 * 1024]).await.is(413);
    let page = amina.get("/hr/settings/logo").await;
    let revision = page.between("name=\"revision\" value=\"", "\"").to_owned();
    let nothing = amina
        .post_files("/hr/settings/logo/preview", &[("revision", &revision)], &[("picture", "", b"")])
        .await;
    nothing.is(422).has("Choose a picture.");
    amina.post_files("/hr/settings/logo/preview", &[], &[("picture", "a.png", PICTURE)]).await.is(409);
    assert_eq!(settings(&portal).await.logo, None);
    // Nor does a command set one that is not there.
    let mut reader = portal.db.read().await.unwrap();
    let employer = records::employer_by_code(&mut reader.tx(), "427").await.unwrap().unwrap();
    drop(reader);
    let unknown = Settings { logo: Some("0".repeat(64)), ..employer.settings.clone() };
    let (now, name) = (portal.clock.now(), employer.name.clone());
    let set = records::employer_set(
        &portal.db,
        &portal.entropy,
        now,
        employer,
        name,
        unknown,
        audit::Origin::default(),
    );
    assert!(set.await.unwrap_err().to_string().contains("a logo is set on the page Settings"));
});
