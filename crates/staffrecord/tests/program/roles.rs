//! `role grant`.

use crate::common::{
    installation::Installation,
    mailbox,
    serve::Serve,
    staff::{HELEN, JOHN, staffed},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_grants_the_first_hr_and_later_only_aloud() {
    let installation = staffed(Installation::new());
    let grant = |more: &[&str]| installation.run(&[&["role", "grant"], more].concat());
    grant(&[HELEN.username, "boss"]).ends(2).says("service_desk, hr, payroll, learning, auditor");
    grant(&["427NOBODY01", "hr"]).ends(1).says("Nobody has the username 427NOBODY01");
    grant(&["nobody", "hr"]).ends(1).says("is no username").says("999JSMITH01");
    grant(&[HELEN.username, "payroll"]).ends(1).says("no HR yet");
    grant(&["427howsea01", "hr"]).ends(0).says("427HOWSEA01 holds hr at River Trust now.");
    grant(&[HELEN.username, "hr"]).ends(0).says("already: nothing was changed");
    grant(&[JOHN.username, "auditor"]).ends(1).says("--recover");
    let reason = "HR\nis ill";
    grant(&[JOHN.username, "auditor", "--recover", "--reason", reason]).ends(1).says("one line");
    let recovered = grant(&[JOHN.username, "auditor", "--recover", "--reason", "HR is ill"]);
    recovered.ends(0).says("holds auditor").says("HR and auditors are mailed");

    let serve = Serve::start(&installation);
    let mail =
        mailbox::mail_to(&installation.path("mail"), HELEN.email, "A role was granted by the operator").await;
    for words in ["John Smith", JOHN.username, "HR is ill"] {
        assert!(mail.text.contains(words), "{words} in {}", mail.text);
    }
    serve.stop();
    installation.run(&["audit", "verify"]).ends(0).says("Nothing was altered.");
}
