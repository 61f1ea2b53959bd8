use std::{
    thread,
    time::{Duration, Instant},
};

use pdf::{Data, Template};
use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};
use serde_json::json;

use crate::{
    Failed,
    ranks::{median, quantile},
    table::Row,
};

/// What the portal makes its payslips with.
static PAYSLIP: Template =
    Template::new("payslip.typ", include_str!("../../../crates/payslips/templates/payslip.typ"), 1);
const WARM_UP: usize = 20;
const TIMES: usize = 300;
const MOST_MILLISECONDS: f64 = 15.0;

/// What it costs to make the PDF of a payslip.
pub(crate) async fn measure() -> Result<Vec<Row>, Failed> {
    // A thread of its own stays on one core, and so do those that typst starts from it.
    let times = tokio::task::spawn_blocking(|| thread::spawn(times).join()).await?;
    let times = times.map_err(|_| Failed::because("making PDFs broke off"))??;
    let milliseconds: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    let (middle, slow) = (median(&milliseconds), quantile(&milliseconds, 0.95));
    Ok(vec![Row::judged(
        "the PDF of a payslip of 30 lines, warm, one core",
        format!("< {MOST_MILLISECONDS} ms"),
        format!("{middle:.1} ms (the middle one of {TIMES}; one of 20 takes {slow:.1} or more)"),
        middle < MOST_MILLISECONDS,
    )])
}

fn times() -> Result<Vec<Duration>, Failed> {
    let mut here = CpuSet::new();
    here.set(sched_getcpu());
    sched_setaffinity(None, &here)?;
    let mut times = Vec::with_capacity(TIMES);
    for number in 0..WARM_UP + TIMES {
        let data = data(number)?;
        let began = Instant::now();
        let pdf = pdf::render(&PAYSLIP, &data)?;
        let took = began.elapsed();
        if pdf.is_empty() {
            return Err(Failed::because("there is nothing in the PDF"));
        }
        if number >= WARM_UP {
            times.push(took);
        }
    }
    Ok(times)
}

/// The payslip of a person like no other, so that nothing of it is remembered from the one before.
fn data(number: usize) -> Result<Data, Failed> {
    let amount =
        |line: usize| format!("{}.{:02}", 100 + number * 7 + line * 13, (number + line * line) % 100);
    let facts = |count, name: &str| -> Vec<_> {
        (0..count).map(|line| json!({ "name": format!("{name} {line}"), "text": amount(line) })).collect()
    };
    let line = |name: &str, line: usize, how: bool| {
        let how = how.then(|| format!("{line}.50 hours at £{line}.3750"));
        json!({ "description": format!("{name} {line}"), "how": how, "amount": amount(line) })
    };
    let view = json!({
        "title": "November 2026 payslip",
        "pay_date": "27 November 2026",
        "period": "1 to 30 November 2026",
        "employer": "Northmoor Hospitals Trust",
        "name": format!("Staff Member {number}"),
        "who": facts(12, "Number"),
        "payments": (0..18).map(|number| line("Enhancement at night", number, true)).collect::<Vec<_>>(),
        "gross": amount(99),
        "deductions": (0..12).map(|number| line("Deduction", number, false)).collect::<Vec<_>>(),
        "total_deductions": amount(98),
        "net": format!("£{}", amount(97)),
        "sum": format!("£{} pay less £{} deductions", amount(99), amount(98)),
        "net_parts": facts(1, "BACS"),
        "year_to_date": facts(8, "Pay of kind"),
        "this_period": facts(4, "Pay of kind"),
        "contributions": facts(2, "Pension"),
        "messages": ["Your next payslip comes on 24 December.", "Happy new year to all who work here."],
    });
    let data = Data::new("November 2026 payslip", "2026-11-27T09:00:00Z".parse()?);
    Ok(data.with("view", &view)?.with("note", &None::<String>)?.with_picture("logo", None))
}

#[cfg(test)]
mod tests {
    use super::{PAYSLIP, data};

    #[test]
    fn the_payslip_fits_on_its_page_and_no_two_are_the_same() {
        let made = |number| pdf::render(&PAYSLIP, &data(number).unwrap()).unwrap();
        assert_ne!(made(1), made(2));
    }
}
