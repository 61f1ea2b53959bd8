//! For tests and benchmarks: made-up documents, and runs that are there without a file. What is published in earnest goes through the use
//! cases.

use futures::FutureExt;
use store::{Day, Db, Entropy, Instant, StoreError, Value, insert_many, on};
use uuid::Uuid;
use web::Keys;

use crate::{
    Amount, Decimal, Detail, Document, Frequency, Heading, Line, NiEarnings, P60, PayAndTax, Payslip, Pence,
    Period, RunKind, WhichDocument,
    body::{self, Place},
};

/// Somebody's document in a made-up run.
#[derive(Clone, Debug)]
pub struct Made {
    /// Whose it is.
    pub staff_record: Uuid,
    /// The document in whose place it stands.
    pub replaces: Option<Uuid>,
    /// What stands in it.
    pub document: Document,
}

impl Made {
    /// A document that replaces none.
    #[must_use]
    pub fn new(staff_record: Uuid, document: Document) -> Self {
        Self { staff_record, replaces: None, document }
    }
}

const COLUMNS: &[&str] = &[
    "staff_record_id",
    "pay_date",
    "run_id",
    "id",
    "assignment_number",
    "period_from",
    "period_to",
    "replaces",
    "key_number",
    "body",
];

/// Writes a run of these documents that stands in this state, and hands over its id and those of the documents.
///
/// # Errors
/// What the store says.
pub async fn run(
    db: &Db,
    (keys, entropy): (&Keys, &Entropy),
    employer: Uuid,
    (kind, state): (RunKind, &'static str),
    documents: &[Made],
    now: Instant,
) -> Result<(Uuid, Vec<Uuid>), StoreError> {
    let run = entropy.id(now);
    let (which, frequency) = match documents.first().map(|made| &made.document) {
        Some(Document::P60(_)) => (WhichDocument::P60s, None),
        Some(Document::Payslip(payslip)) => (WhichDocument::Payslips, Some(payslip.frequency)),
        None => (WhichDocument::Payslips, Some(Frequency::Month)),
    };
    db.write(move |tx| {
        async move {
            on!(tx, c => sqlx::query("INSERT INTO pay_run (id, employer_id, uploaded_at, file_name, size, kept, state, changed_at,
                    document, kind, frequency, done, record_change, pay_change, again, counts, key_number, totals_agree, published_at,
                    withdrawn_at)
                 VALUES ($1, $2, $3, 'made up', 0, $8, $4, $3, $5, $6, $7, 0, 0, 0, $8, '{}', 1, $8,
                    CASE WHEN $4 IN ('published', 'withdrawn') THEN $3 END, CASE WHEN $4 = 'withdrawn' THEN $3 END)")
                .bind(run).bind(employer).bind(now).bind(state).bind(which).bind(kind).bind(frequency).bind(false)
                .execute(c).await.map(drop))
        }
        .boxed()
    })
    .await?;
    let mut ids = Vec::with_capacity(documents.len());
    for piece in documents.chunks(500) {
        let mut rows = Vec::with_capacity(piece.len());
        for made in piece {
            let id = entropy.id(now);
            let place = Place { document: id, staff_record: made.staff_record, run };
            let (key_number, body) = body::seal(keys, entropy, true, place, &made.document)?;
            let (heading, pay_date, period) = dated(&made.document);
            ids.push(id);
            rows.push(vec![
                made.staff_record.into(),
                Value::Day(Some(pay_date)),
                run.into(),
                id.into(),
                Value::Text(Some(heading.assignment_number.clone())),
                Value::Day(Some(period.from)),
                Value::Day(Some(period.to)),
                Value::Id(made.replaces),
                Value::Number(key_number),
                Value::Bytes(body),
            ]);
        }
        db.write(move |tx| async move { insert_many(tx, "pay_document", COLUMNS, rows).await }.boxed())
            .await?;
    }
    Ok((run, ids))
}

/// A run gets another state, as publishing and withdrawing give it.
///
/// # Errors
/// What the store says.
pub async fn set_state(db: &Db, run: Uuid, state: &'static str, now: Instant) -> Result<(), StoreError> {
    db.write(move |tx| {
        async move {
            on!(tx, c => sqlx::query("UPDATE pay_run SET state = $2, changed_at = $3,
                    published_at = CASE WHEN $2 = 'published' THEN $3 ELSE published_at END,
                    withdrawn_at = CASE WHEN $2 = 'withdrawn' THEN $3 END WHERE id = $1")
                .bind(run).bind(state).bind(now).execute(c).await.map(drop))
        }
        .boxed()
    })
    .await
}

fn dated(document: &Document) -> (&Heading, Day, Period) {
    match document {
        Document::Payslip(payslip) => (&payslip.heading, payslip.pay_date, payslip.period),
        Document::P60(p60) => {
            let day = |year, month, day| Day::new(year, month, day).expect("a day of April");
            let to = day(p60.year_ended, 4, 5);
            (&p60.heading, to, Period { from: day(p60.year_ended - 1, 4, 6), to })
        }
    }
}

/// Whose a made-up document is.
#[must_use]
pub fn heading(name: &str, assignment_number: &str) -> Heading {
    Heading {
        employer: "Northmoor Hospitals Trust".into(),
        name: name.into(),
        employee_number: assignment_number.split('-').next().unwrap_or_default().into(),
        assignment_number: assignment_number.into(),
        position: Some("Staff Nurse".into()),
        department: Some("Ward 7".into()),
        location: Some("General Hospital".into()),
    }
}

fn line(description: &str, hundredths: Option<i64>, rate: Option<i64>, pence: i64) -> Line {
    Line {
        description: description.into(),
        units: hundredths.map(|units| Decimal(units * 10_000)),
        unit: hundredths.map(|_| "hours".into()),
        rate: rate.map(|pence| Decimal(pence * 10_000)),
        amount: Pence(pence),
    }
}

/// A line that is paid by the hour.
fn hours(description: &str, hundredths: i64, rate: i64) -> Line {
    line(description, Some(hundredths), Some(rate), (hundredths * rate + 50) / 100)
}

fn amount(description: &str, pence: i64) -> Amount {
    Amount { description: description.into(), amount: Pence(pence) }
}

fn detail(description: &str, text: &str) -> Detail {
    Detail { description: description.into(), text: text.into() }
}

/// The payslip of a month, paid on its 27th: some nights and weekends, overtime in every other month. Its figures are nobody's.
///
/// # Panics
/// Where there is no such month.
#[must_use]
pub fn payslip(heading: Heading, year: i16, month: i8) -> Payslip {
    let day = |day| Day::new(year, month, day).expect("a day of the calendar");
    let to = day(1).date().last_of_month();
    let busy = i64::from(month % 4);
    let mut payments = vec![
        line("Basic Pay", None, None, 258_742),
        hours("Sat Enh EN", 1_150 + 250 * busy, 477),
        hours("Sun Enh EN", 750 + 375 * busy, 954),
        hours("Night Enh EN", 2_200, 477),
    ];
    if busy > 0 {
        payments.push(hours("Overtime NP", 350 * busy, 2_386));
    }
    let gross: Pence = payments.iter().map(|line| line.amount).sum();
    let pensionable = gross.0
        - payments
            .iter()
            .filter(|line| line.description.ends_with("NP"))
            .map(|line| line.amount.0)
            .sum::<i64>();
    let pension = pensionable * 98 / 1000;
    let deductions = vec![
        line("PAYE", None, None, (gross.0 - pension - 104_800).max(0) / 5),
        line("NI A", None, None, (gross.0 - 104_800).max(0) * 8 / 100),
        line("NHS Pension 9.8%", None, None, pension),
        line("Student Loan Plan 2", None, None, 4_100),
        line("UNISON", None, None, 1_760),
        line("Salary Sacrifice Cycle", None, None, 5_000),
    ];
    let total_deductions: Pence = deductions.iter().map(|line| line.amount).sum();
    let months = i64::from((month + 8) % 12) + 1;
    let net = gross - total_deductions;
    Payslip {
        heading,
        frequency: Frequency::Month,
        period: Period { from: day(1), to: to.into() },
        pay_date: day(27),
        details: vec![
            detail("NI number", "QQ 12 34 56 C"),
            detail("NI letter", "A"),
            detail("Tax code", if year % 2 == 0 { "1257L" } else { "1263L" }),
            detail("Tax period", &format!("Month {months}")),
            detail("Pension rate (%)", "9.8"),
            detail("Payscale", "Band 5"),
            detail("Standard hours", "37.50"),
        ],
        employer: vec![
            amount("NHS Pension 23.7%", pensionable * 237 / 1000),
            amount("Employer NI", gross.0 * 12 / 100),
        ],
        this_period: vec![
            amount("Taxable pay", gross.0 - pension),
            amount("Pensionable pay", pensionable),
            amount("NIable pay", gross.0),
        ],
        year_to_date: vec![
            amount("Gross pay", gross.0 * months),
            amount("Taxable pay", (gross.0 - pension) * months),
            amount("Tax paid", deductions[0].amount.0 * months),
            amount("NI contributions", deductions[1].amount.0 * months),
            amount("Pension contributions", pension * months),
        ],
        payments,
        deductions,
        gross,
        total_deductions,
        net,
        net_parts: vec![Amount { description: "BACS".into(), amount: net }],
        messages: vec!["The flu clinic is open in the main hall until Friday.".into()],
    }
}

/// The P60 of the tax year that ended in this year.
#[must_use]
pub fn p60(heading: Heading, year_ended: i16) -> P60 {
    P60 {
        heading,
        year_ended,
        paye_reference: "123/A246".into(),
        employer_address: vec!["1 Moor Lane".into(), "Northmoor".into(), "NM1 1AA".into()],
        details: vec![detail("NI number", "QQ 12 34 56 C"), detail("Final tax code", "1257L")],
        previous: PayAndTax { pay: Pence(412_300), tax: Pence(18_240) },
        this: PayAndTax { pay: Pence(3_012_877), tax: Pence(347_160) },
        ni: vec![NiEarnings {
            letter: "A".into(),
            at_lower_limit: Pence(650_000),
            to_primary_threshold: Pence(607_000),
            to_upper_limit: Pence(1_755_800),
            contributions: Pence(140_464),
        }],
        statutory: vec![amount("Statutory Maternity Pay", 74_412)],
        loans: vec![amount("Student loan deductions", 49_200)],
        replacement: false,
    }
}
