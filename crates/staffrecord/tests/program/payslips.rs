//! `payslips check`, `publish` and `withdraw`, and what `keys rotate` does to payslips.

use payslips::run_file::{Block, Writer};
use payslips::{Amount, Frequency, Heading, Line, Payslip, Pence, Period, RunHead, RunKind, WhichDocument};

use crate::common::{installation::Installation, staff::staffed};

const HELEN: &str = "20012345";

fn run_file(reference: &str, people: &[(&str, i64)], trailer: bool) -> Vec<u8> {
    let head = RunHead {
        reference: reference.to_owned(),
        document: WhichDocument::Payslips,
        kind: RunKind::Main,
        frequency: Some(Frequency::Month),
        paye_reference: None,
        employer_address: Vec::new(),
    };
    let mut writer = Writer::new(Vec::new(), &head).unwrap();
    for (assignment, pounds) in people {
        let gross = Pence(pounds * 100);
        let line =
            Line { description: "Basic Pay".into(), units: None, unit: None, rate: None, amount: gross };
        let slip = Payslip {
            heading: Heading::default(),
            frequency: Frequency::Month,
            period: Period { from: "2026-11-01".parse().unwrap(), to: "2026-11-30".parse().unwrap() },
            pay_date: "2026-11-27".parse().unwrap(),
            details: Vec::new(),
            payments: vec![line],
            deductions: Vec::new(),
            employer: Vec::new(),
            this_period: Vec::new(),
            year_to_date: Vec::new(),
            gross,
            total_deductions: Pence(0),
            net: gross,
            net_parts: vec![Amount { description: "BACS".into(), amount: gross }],
            messages: Vec::new(),
        };
        writer.block(&Block::of_payslip(assignment, None, slip)).unwrap();
    }
    if trailer { writer.finish().unwrap() } else { writer.finish_without_trailer().unwrap() }
}

/// The id of the run that a command has made.
fn run_of(said: &str) -> String {
    said.split_once(": run ").unwrap().1.lines().next().unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_file_is_checked_published_and_withdrawn_with_exit_codes() {
    let installation = staffed(Installation::new());
    installation.write("run.csv", run_file("NOV", &[(HELEN, 2000)], true));
    let payslips =
        |arguments: &[&str]| installation.run(&[&["payslips"], arguments, &["--employer", "427"]].concat());
    let checked = payslips(&["check", "run.csv"]);
    checked.ends(0).says("people      1").says("net         2,000.00");
    let run = run_of(&checked.said);
    payslips(&["publish", &run]).ends(0).says("Published run");
    payslips(&["publish", &run]).ends(1).says("Nothing was published");
    payslips(&["publish", "run.csv"]).ends(3).says("error    published").says("since the file has errors");
    payslips(&["withdraw", &run, "--reason", ""]).ends(1);
    payslips(&["withdraw", &run, "--reason", "wrong month"]).ends(0).says("Withdrew run");
    payslips(&["withdraw", &run, "--reason", "wrong month"]).ends(1).says("Nothing was withdrawn");
    payslips(&["publish", "run.csv"]).ends(0);
    payslips(&["check", "none.csv"]).ends(1).says("none.csv was not checked");
    installation
        .run(&["payslips", "check", "run.csv", "--employer", "999"])
        .ends(1)
        .says("There is no employer 999");
}

#[tokio::test]
async fn warnings_totals_and_hours_are_asked_for() {
    let installation = staffed(Installation::new());
    installation.write("nil.csv", run_file("NIL", &[(HELEN, 0)], true));
    let payslips =
        |arguments: &[&str]| installation.run(&[&["payslips"], arguments, &["--employer", "427"]].concat());
    payslips(&["check", "nil.csv"]).ends(4).says("warning  net_nil: 1");
    payslips(&["publish", "nil.csv"]).ends(4).says("--accept-warnings");
    payslips(&["publish", "nil.csv", "--accept-warnings", "net=x"]).ends(1).says("has to be mended");
    payslips(&["publish", "nil.csv", "--accept-warnings", "nothing=x"]).ends(1).says("none of");
    payslips(&["publish", "nil.csv", "--accept-warnings", "net_nil"]).ends(1).says("KIND=REASON");
    payslips(&["publish", "nil.csv", "--accept-warnings", "net_nil=unpaid leave"]).ends(0);
    installation.write("bare.csv", run_file("BARE", &[("20010001", 2000)], false));
    let accept = ["--accept-warnings", "missing=second half of the run"];
    let publish = |more: &[&str]| payslips(&[&["publish", "bare.csv"], &accept[..], more].concat());
    publish(&[]).ends(1).says("The file has no trailer");
    publish(&["--people", "1"]).ends(2);
    let totals = |net| ["--people", "1", "--gross", "2,000.00", "--deductions", "0.00", "--net", net];
    publish(&totals("1999.99")).ends(3).says("the file has other totals");
    publish(&[&totals("2000.00")[..], &["--at", "yesterday"]].concat())
        .ends(1)
        .says("write a day and an hour");
    publish(&[&totals("2000.00")[..], &["--at", "2026-01-01T07:00"]].concat()).ends(1).says("are over");
    publish(&totals("2000.00")).ends(0).says("Published run");
}

#[tokio::test]
async fn check_says_which_keys_payslips_need() {
    let installation = staffed(Installation::new());
    installation.write("run.csv", run_file("NOV", &[(HELEN, 2000)], true));
    installation.run(&["payslips", "publish", "run.csv", "--employer", "427"]).ends(0);
    installation.run(&["keys", "rotate"]).ends(0).says("sealed anew");
    installation.run(&["check"]).says("pay-0001.key is needed still by 1 run");
    let sealed = || {
        let ran = installation.run(&["check"]);
        std::future::ready(ran.said.contains("nothing needs pay-0001.key").then_some(()))
    };
    let serve = crate::common::serve::Serve::start(&installation);
    crate::common::until("payslips are sealed anew", sealed).await;
    serve.stop();
    std::fs::remove_file(installation.path("keys/pay-0002.key")).unwrap();
    installation.run(&["check"]).ends(3).says("pay-0002.key is missing");
}
