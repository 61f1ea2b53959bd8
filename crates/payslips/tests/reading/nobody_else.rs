use futures::FutureExt;
use payslips::RunKind;
use records::Role;
use testing::{Browser, PASSWORD, Portal, both_databases};
use uuid::Uuid;

use crate::{HELEN, has_figures};

/// Every way to a document.
fn ways(payslip: Uuid, other: Uuid, p60: Uuid) -> Vec<String> {
    vec![
        format!("/payslips/{payslip}"),
        format!("/payslips/{payslip}/compare"),
        format!("/payslips/{payslip}/compare?with={other}"),
        format!("/payslips/p60/{p60}"),
        format!("/payslips/{payslip}/pdf"),
        format!("/payslips/p60/{p60}/pdf"),
    ]
}

/// Two payslips and a P60 of somebody's, in runs that stand in this state.
async fn paid(portal: &Portal, username: &str, state: &'static str) -> Vec<String> {
    let code = &username[..3];
    let before = portal.payslip(username, (2026, 9), |_| {}).await;
    let payslip = portal.payslip(username, (2026, 10), |_| {}).await;
    let p60 = portal.p60(username, 2026).await;
    let mut ids = Vec::new();
    for made in [before, payslip, p60] {
        ids.extend(portal.pay_run(code, RunKind::Main, state, &[made]).await.1);
    }
    ways(ids[1], ids[0], ids[2])
}

both_databases!(nobody_but_the_person_whatever_their_role_and_employer, |portal| async move {
    let own = paid(&portal, HELEN, "published").await;
    let colleague = paid(&portal, "427GPUGH01", "published").await;
    let elsewhere = paid(&portal, "999JSMITH01", "published").await;
    let ids: Vec<Uuid> =
        own.iter().map(|path| path.split('/').find_map(|part| part.parse().ok()).unwrap()).collect();
    let mut callers: Vec<(String, Browser)> = Vec::new();
    for (role, username) in [
        (Role::Hr, "427GPUGH01"),
        (Role::ServiceDesk, "427JFLETC01"),
        (Role::Payroll, "427GOKAFO01"),
        (Role::Learning, "427TNOWAK01"),
        (Role::Auditor, "427PPATEL01"),
    ] {
        callers.push((role.to_string(), portal.with_role(username, role).await));
    }
    portal.set_password("427ADELAC01").await;
    let mut amina = portal.inside();
    amina.log_in("427ADELAC01", PASSWORD).await.leads_to("/portal");
    callers.push(("a colleague".into(), amina));
    callers.push(("somebody of the other employer".into(), portal.logged_in("999JSMITH01").await));
    let mut helen = portal.logged_in(HELEN).await;

    for path in &own {
        let page = helen.get(path).await;
        page.is(200);
        assert!(has_figures(&page.text()) || path.ends_with("/pdf"), "{path}");
    }
    for path in colleague.iter().chain(&elsewhere) {
        assert!(!has_figures(&helen.get(path).await.is(404).text()), "{path}");
    }
    for (who, browser) in &mut callers {
        for path in &own {
            let page = browser.get(path).await;
            assert_eq!(page.status, 404, "{who}: {path}");
            assert!(!has_figures(&page.text()), "{who}: {path}");
            page.has_not("October 2026");
        }
        for id in &ids {
            assert!(!browser.get("/payslips").await.body.contains(&id.to_string()), "{who}");
            assert!(!browser.get("/portal").await.body.contains(&id.to_string()), "{who}");
        }
    }
    // One's own against somebody else's.
    let (mine, theirs) = (&own[0], colleague[0].rsplit_once('/').unwrap().1);
    helen.get(&format!("{mine}/compare?with={theirs}")).await.is(404);
    // A payslip is no P60, and the other way round.
    let (payslip, p60) = (own[0].rsplit_once('/').unwrap().1, own[3].rsplit_once('/').unwrap().1);
    for path in [
        format!("/payslips/p60/{payslip}"),
        format!("/payslips/{p60}"),
        format!("/payslips/{p60}/compare"),
        format!("/payslips/{payslip}/compare?with={p60}"),
    ] {
        helen.get(&path).await.is(404);
    }
});

both_databases!(strangers_and_sessions_that_have_ended_see_nothing, |portal| async move {
    let own = paid(&portal, HELEN, "published").await;
    let mut helen = portal.logged_in(HELEN).await;
    for path in &own {
        let answer = portal.browser().get(path).await;
        assert_eq!(answer.status, 303);
        assert!(answer.location().unwrap().starts_with("/?next="), "{:?}", answer.location());
        helen.get(path).await.is(200);
    }
    portal.clock.advance(16 * 60);
    for path in &own {
        assert!(helen.get(path).await.location().unwrap().starts_with("/?ended="));
    }
    // Sessions swapped: whoever shows the cookie is who they are, and sees their own alone.
    let mut helen = portal.logged_in(HELEN).await;
    let mut gareth = portal.logged_in("427GPUGH01").await;
    std::mem::swap(&mut helen.cookies, &mut gareth.cookies);
    for path in &own {
        helen.get(path).await.is(404);
        gareth.get(path).await.is(200);
    }
});

both_databases!(what_is_not_published_is_not_there, |portal| async move {
    let mut helen = portal.logged_in(HELEN).await;
    for state in ["receiving", "checking", "wrong", "checked", "waiting", "scheduled", "failed", "discarded"]
    {
        let own = paid(&portal, HELEN, state).await;
        for path in &own {
            assert!(!has_figures(&helen.get(path).await.is(404).text()), "{state}: {path}");
        }
    }
    helen.get("/payslips").await.is(200).has("There is no payslip of yours here yet");
    helen.get("/portal").await.is(200).has_not("October 2026");
});

both_databases!(guessed_ids_are_no_pages, |portal| async move {
    let own = paid(&portal, HELEN, "published").await;
    let id = own[0].rsplit_once('/').unwrap().1;
    let mut helen = portal.logged_in(HELEN).await;
    let next = Uuid::from_u128(id.parse::<Uuid>().unwrap().as_u128() + 1);
    for guess in [
        next.to_string(),
        Uuid::nil().to_string(),
        Uuid::max().to_string(),
        "1".into(),
        "p60".into(),
        "..%2f".into(),
        format!("{id}%00"),
        format!("{id}'--"),
    ] {
        for path in [
            format!("/payslips/{guess}"),
            format!("/payslips/{guess}/compare"),
            format!("/payslips/p60/{guess}"),
        ] {
            helen.get(&path).await.is(404);
        }
    }
    // The same id, written otherwise, is the same.
    helen.get(&format!("/payslips/{}", id.to_uppercase())).await.is(200);
    // A body that was moved to another's row does not open: nobody sees it, whoever moved it.
    let gareth = portal.holder("427GPUGH01").await.record.id;
    let moved = id.parse::<Uuid>().unwrap();
    portal
        .db
        .write(move |tx| {
            async move {
                store::on!(tx, c => sqlx::query("UPDATE pay_document SET staff_record_id = $2 WHERE id = $1")
                    .bind(moved).bind(gareth).execute(c).await.map(drop))
            }
            .boxed()
        })
        .await
        .unwrap();
    helen.get(&own[0]).await.is(404);
    let mut gareth = portal.logged_in("427GPUGH01").await;
    let page = gareth.get(&own[0]).await;
    page.is(500).has("Something went wrong on our side");
    assert!(!has_figures(&page.text()));
});
