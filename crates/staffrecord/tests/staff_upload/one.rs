//! One file: checked, shown, loaded, discarded.

use testing::{PASSWORD, both_databases};

use super::{
    AMINA, GARETH, HEADER, JOHN, checked, csv, exists, file, hr, many_rows, person, pieces, press, states,
    trail, upload,
};

both_databases!(what_is_shown_is_what_is_loaded, |portal| async move {
    portal
        .load(
            "427",
            &csv(&[
                "X1,Ann,Ng,1980-01-01,2020-01-01,,ann@nhs.net,",
                "X2,Bo,Li,1980-01-01,2020-01-01,,bo@nhs.net,",
            ]),
        )
        .await;
    portal.set_password("427HOWSEA01").await;
    let before = trail(&portal).await.len();
    let mut gareth = hr(&portal, GARETH).await;
    gareth.get("/portal").await.has("Upload staff");
    gareth
        .get("/hr/staff-upload")
        .await
        .is(200)
        .has("Nothing is changed until you say so")
        .has_not("Recent uploads");

    let rows = [
        "10001,Helen,O'Wsea,1984-03-14,2012-09-03,,new.helen@nhs.net,427000000001",
        "X1,Ann,Smith,1980-01-01,2020-01-01,,ann.smith@nhs.net,",
        "X2,Bo,Li,1980-01-01,2020-01-01,2026-11-30,bo@nhs.net,",
        "X3,Cy,Young,1990-05-05,2026-12-01,,cy@elsewhere.example,",
    ];
    let place = upload(&mut gareth, &csv(&rows)).await;
    let page = gareth.get(&place).await;
    page.is(200).has("The file is being checked").has("reloads itself");
    assert_eq!(page.headers["refresh"], "5");
    let still = gareth.get(&format!("{place}?still=yes")).await;
    assert!(!still.headers.contains_key("refresh"));
    assert_eq!(pieces(&portal).await, 1);

    portal.settle().await;
    let page = gareth.get(&place).await;
    assert!(!page.headers.contains_key("refresh"));
    for (key, number) in [
        ("Staff records in the file", "4"),
        ("New", "1"),
        ("Changed", "3"),
        ("Leavers", "1"),
        ("Changed email", "2"),
        ("By", "Gareth Pugh"),
    ] {
        assert_eq!(page.value_of(key).as_deref(), Some(number), "{key}");
    }
    page.has("last_name Before Ng After Smith")
        .has("email Before ann@nhs.net After ann.smith@nhs.net")
        .has("X2 Bo Li Last day 30 November 2026")
        .has("10001 Helen O'Wsea Field email When it works After 24 hours")
        .has("X1 Ann Smith Field email When it works At once")
        .has("X3 Cy Young Username 427CYOUNG01")
        .has("outside the employer's mail domains");
    assert_eq!(person(&portal, "427ANG01").await.0, "Ann Ng", "nothing is changed yet");
    gareth.get("/hr/staff-upload").await.has("staff.csv").has("Waits for you");

    press(&mut gareth, &place, &[]).await.leads_to(&place);
    let page = gareth.get(&place).await;
    page.has("Nobody sees any of them until all are there");
    assert_eq!(page.headers["refresh"], "5");
    portal.settle().await;
    gareth.get(&place).await.is(200).has("All of it is loaded, as change 3");
    let expect = |name: &str, email: &str, day: &str| (name.to_owned(), email.to_owned(), day.to_owned());
    assert_eq!(person(&portal, "427ANG01").await, expect("Ann Smith", "ann.smith@nhs.net", ""));
    assert_eq!(person(&portal, "427BLI01").await, expect("Bo Li", "bo@nhs.net", "2026-11-30"));
    assert_eq!(person(&portal, "427CYOUNG01").await, expect("Cy Young", "cy@elsewhere.example", ""));
    // She has logged in before, so that the new one is held; the old one is told.
    assert_eq!(person(&portal, "427HOWSEA01").await.1, "helen.owsea@nhs.net");
    assert!(
        portal
            .mails_to("helen.owsea@nhs.net")
            .iter()
            .any(|mail| mail.subject.contains("A change to your staff record"))
    );
    assert_eq!(
        trail(&portal).await[before..],
        ["records.staff_uploaded", "records.staff_upload_agreed", "records.staff_loaded"]
    );
    assert_eq!(pieces(&portal).await, 0, "nothing is kept of what is loaded");

    // A second time it changes nothing, and there is nothing to press.
    let place = checked(&portal, &mut gareth, &csv(&rows)).await;
    gareth.get(&place).await.is(200).has("Nothing would change").has_not("Load these changes");
});

both_databases!(errors_are_named_by_line_and_column_and_can_be_taken_away, |portal| async move {
    let mut gareth = hr(&portal, GARETH).await;
    let mut rows: Vec<String> =
        many_rows(0, 70, "").iter().map(|row| row.replace("1980-01-02", "31/02/1980")).collect();
    rows.push("X9,Ann,Ng,1980-01-01,2020-01-01,,=cmd|calc,".into());
    let place = checked(&portal, &mut gareth, &file(&rows)).await;
    let page = gareth.get(&place).await;
    page.is(200)
        .has("The file has 71 errors")
        .has("the first 50 of 71")
        .has("Line 2 Column date_of_birth Value 31/02/1980 What is wrong the calendar has no such day")
        .has_not("=cmd|calc")
        .has_not("Load these changes");
    let answer = gareth.get(&format!("{place}/errors.csv")).await;
    assert_eq!(answer.is(200).headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"staff-errors.csv\"");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let lines: Vec<&str> = answer.body.split("\r\n").collect();
    assert_eq!(lines[0], "\u{feff}line,column,value,what is wrong");
    assert_eq!(lines[1], "2,date_of_birth,31/02/1980,the calendar has no such day");
    assert!(lines[71].starts_with("72,email,'=cmd|calc,"), "{}", lines[71]);
    assert_eq!(pieces(&portal).await, 0, "the bytes of a wrong file are of no more use");
    gareth.post(&format!("{place}/apply"), &[("seen", "")]).await.leads_to(&format!("{place}?done=moved-on"));

    // What is no staff file at all.
    let place = checked(&portal, &mut gareth, "%PDF-1.7").await;
    gareth.get(&place).await.has("The file has 1 error").has("Whole file").has("this is not a CSV file");
});

both_databases!(the_example_can_be_filled_in_and_sent, |portal| async move {
    let mut gareth = hr(&portal, GARETH).await;
    let example = gareth.get("/hr/staff-upload/template.csv").await;
    assert_eq!(example.is(200).headers["content-disposition"], "attachment; filename=\"staff.csv\"");
    let contents = example.body.replace("helen.owsea@", "helen2@").replace("john.smith@", "john2@");
    let place = checked(&portal, &mut gareth, &contents).await;
    gareth.get(&place).await.is(200).has_not("The file has");
    let page = gareth.get("/hr/staff-upload").await;
    for column in ["employee_number", "date_of_birth", "absent_to"] {
        page.has(column);
    }
});

both_databases!(a_discarded_upload_changes_nothing, |portal| async move {
    let mut gareth = hr(&portal, GARETH).await;
    let place = checked(&portal, &mut gareth, &csv(&["X1,Ann,Ng,1980-01-01,2020-01-01,,,"])).await;
    let seen = gareth.get(&place).await.between("name=\"seen\" value=\"", "\"").to_owned();
    gareth.post(&format!("{place}/discard"), &[]).await.leads_to("/hr/staff-upload?done=discarded");
    gareth.get("/hr/staff-upload?done=discarded").await.has("The upload is discarded");
    gareth.get(&place).await.is(200).has("No staff record was changed").has_not("X1");
    gareth
        .post(&format!("{place}/apply"), &[("seen", &seen)])
        .await
        .leads_to(&format!("{place}?done=moved-on"));
    gareth.get(&format!("{place}?done=moved-on")).await.has("Nothing was done; look at it again");
    gareth.post(&format!("{place}/discard"), &[]).await.leads_to(&format!("{place}?done=moved-on"));
    portal.settle().await;
    assert!(!exists(&portal, "427ANG01").await);
    assert_eq!(pieces(&portal).await, 0);

    // While it is being checked.
    let place = upload(&mut gareth, &csv(&["X1,Ann,Ng,1980-01-01,2020-01-01,,,"])).await;
    gareth.post(&format!("{place}/discard"), &[]).await.is(303);
    portal.settle().await;
    assert_eq!(
        (states(&portal).await, pieces(&portal).await),
        (vec!["discarded".into(), "discarded".into()], 0)
    );
});

both_databases!(another_employers_upload_is_no_page, |portal| async move {
    let (mut gareth, mut john) = (hr(&portal, GARETH).await, hr(&portal, JOHN).await);
    let place =
        checked(&portal, &mut gareth, &csv(&["X1,Ann,Ng,1980-01-01,2020-01-01,,x@elsewhere.example,"])).await;
    gareth.get(&format!("{place}/errors.csv")).await.is(200);
    let seen = gareth.get(&place).await.between("name=\"seen\" value=\"", "\"").to_owned();
    john.get("/hr/staff-upload").await.is(200).has_not("staff.csv");
    john.get(&place).await.is(404);
    john.get(&format!("{place}/errors.csv")).await.is(404);
    john.post(&format!("{place}/apply"), &[("seen", &seen)]).await.is(404);
    john.post(&format!("{place}/discard"), &[]).await.is(404);
    portal.settle().await;
    assert_eq!(states(&portal).await, ["checked"]);
    // His file is for his employer.
    let place = checked(&portal, &mut john, &csv(&["X1,Ann,Ng,1980-01-01,2020-01-01,,,"])).await;
    press(&mut john, &place, &[]).await.leads_to(&place);
    portal.settle().await;
    assert!(exists(&portal, "999ANG01").await && !exists(&portal, "427ANG01").await);
});

both_databases!(nobody_loads_a_change_of_their_own_record, |portal| async move {
    let (mut gareth, mut amina) = (hr(&portal, GARETH).await, hr(&portal, AMINA).await);
    let rows = csv(&["10003,Gareth,Pugh-Jones,1971-07-22,2008-04-01,,gareth.pugh@nhs.net,"]);
    let place = checked(&portal, &mut gareth, &rows).await;
    let page = gareth.get(&place).await;
    page.is(200).has("changes your own staff record").has_not("Load these changes");
    let page = amina.get(&place).await;
    let seen = page.has("Load these changes").between("name=\"seen\" value=\"", "\"").to_owned();
    gareth
        .post(&format!("{place}/apply"), &[("seen", &seen)])
        .await
        .is(403)
        .has("Nobody changes their own record");
    press(&mut amina, &place, &[]).await.leads_to(&place);
    portal.settle().await;
    assert_eq!(person(&portal, GARETH).await.0, "Gareth Pugh-Jones");
});

both_databases!(so_many_uploads_wait_at_once, |portal| async move {
    let mut gareth = hr(&portal, GARETH).await;
    for n in 0..10 {
        upload(&mut gareth, &format!("{HEADER}\nX{n},Ann,Ng,1980-01-01,2020-01-01,,,\n")).await;
    }
    let files = [("file", "staff.csv", HEADER.as_bytes())];
    let refused = gareth.post_files("/hr/staff-upload", &[], &files).await;
    refused.is(422).has("10 uploads of your employer wait").has("There is a problem");
    portal.settle().await;
    let mut somebody = portal.inside();
    somebody.log_in(GARETH, PASSWORD).await.is(303);
});
