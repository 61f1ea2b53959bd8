//! `employer add`, `set` and `show`.

use crate::common::installation::Installation;

#[test]
fn an_employer_is_added_changed_and_shown() {
    let installation = Installation::new();
    let add = installation.run(&["employer", "add", "427", "--name", "River Trust"]);
    add.ends(0).says("Added: 427 River Trust").says("no mail domain is set").says("no service desk is set");
    let set = installation.run(&[
        "employer",
        "set",
        "427",
        "--name",
        "River and Hill Trust",
        "--set",
        "mail_domains=nhs.net, river.nhs.uk",
        "--set",
        "networks=10.1.0.0/16",
        "--set",
        "service_desk.phone=01234 567890",
        "--set",
        "policies.lock_failures=3",
        "--set",
        r#"local_links=[{"title":"PC Checker","address":"https://check.example"}]"#,
    ]);
    set.ends(0).says("Set: 427 River and Hill Trust").says_not("Note");
    let shown = installation.run(&["employer", "show", "427"]);
    shown.ends(0).says("427 River and Hill Trust");
    for line in [
        "mail_domains=[\"nhs.net\",\"river.nhs.uk\"]",
        "networks=[\"10.1.0.0/16\"]",
        "service_desk.phone=01234 567890",
        "policies.lock_failures=3",
        "policies.link_minutes=30",
    ] {
        shown.says(&format!("{line}\n"));
    }
    // What is shown is what `--set` takes.
    for line in shown.said.lines().skip(1) {
        installation.run(&["employer", "set", "427", "--set", line]).ends(0);
    }
    assert_eq!(installation.run(&["employer", "show", "427"]).said, shown.said);
    installation.run(&["audit", "verify"]).ends(0).says("Nothing was altered.").says_not("not sealed");
}

#[test]
fn what_is_wrong_is_named_and_changes_nothing() {
    let installation = Installation::new();
    let add = |more: &[&str]| installation.run(&[&["employer", "add"], more].concat());
    add(&["42", "--name", "X"]).ends(1).says("code is \"42\": write three digits");
    add(&["427"]).ends(1).says("--name");
    add(&["427", "--name", ""]).ends(1).says("name: write the employer's name");
    installation.run(&["employer", "set", "427", "--name", "X"]).ends(1).says("There is no employer 427");
    installation.run(&["employer", "show", "427"]).ends(1).says("staffrecord employer add");
    add(&["427", "--name", "River Trust", "--set", "mail_domains=nhs.net"]).ends(0);
    add(&["427", "--name", "Hill Trust"]).ends(1).says("already").says("staffrecord employer set");
    let before = installation.run(&["employer", "show", "427"]).said;
    for (set, says) in [
        ("mail_domain=nhs.net", "Did you mean mail_domains?"),
        ("link_minutes=5", "Did you mean policies.link_minutes?"),
        ("mail_domains=@nhs.net", "mail_domains is \"@nhs.net\": write a mail domain without @"),
        ("networks=10.0.0.0/99", "networks=10.0.0.0/99: "),
        ("networks=0.0.0.0/0", "this is every address there is"),
        ("time_zone=Europe/Londin", "time_zone is \"Europe/Londin\""),
        ("policies.lock_failures=two", "policies.lock_failures: \"two\" is no whole number"),
        ("policies.lock_failures=2", "write a number from 3 to 100"),
        ("policies.internet_access=never", "\"never\" is none of automatic, hr"),
        (r#"local_links=[{"title":"x","address":"http://x.example"}]"#, "begins with https:// or mailto:"),
        ("policies", "write KEY=VALUE"),
    ] {
        installation.run(&["employer", "set", "427", "--set", set]).ends(1).says(says);
    }
    assert_eq!(installation.run(&["employer", "show", "427"]).said, before);
}
