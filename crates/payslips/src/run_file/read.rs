//! From rows to payslips and P60s.

use std::{
    borrow::Cow,
    collections::HashSet,
    io::{self, Read, Seek},
    ops::ControlFlow,
};

use sha2::{Digest, Sha256};
use store::Day;
use tables::Cells;

use super::{
    Event, Options, Summary,
    block::{Building, Numbers, Row, refused_text},
    form::{
        self, AMOUNT, ASSIGNMENT, COLUMNS, DESCRIPTION, FROM, PAY_DATE, RATE, SECTION, Section, TEXT, TO,
        UNITS,
    },
    head::HeadRows,
    model::Millionths,
    number::{amount, decimal, millionths, pence_sum},
    words,
};
use crate::{
    Finding, FindingKind, Period, RunHead, RunKind,
    checks::{self, at, of_file, shortened},
};

/// An assignment's number has so many characters at most.
const MOST_NUMBER: usize = 40;

/// Reads a run file, CSV or workbook, and checks it as far as it can be checked alone. It calls back with the head, then with each payslip or
/// P60, of which one is in memory at a time; whoever answers with `Break` wants no more. It takes a processor for as long as the file is: not
/// to be called where pages are waiting. Where the head is wrong, nothing is called back with, and the summary says why.
///
/// # Errors
/// The source cannot be read. Whatever is wrong with what it holds is a finding of a block or of the summary.
pub fn read<R: Read + Seek>(
    source: R,
    options: &Options,
    on_event: impl FnMut(Event) -> ControlFlow<()>,
) -> io::Result<Summary> {
    let mut reader = Reader {
        options,
        on_event,
        summary: Summary::default(),
        head: Head::Rows(HeadRows::default()),
        key: Key::default(),
        block: None,
        seen: HashSet::new(),
        first: None,
        trailer: None,
        whole: true,
        stopped: false,
        unread: [false; 3],
    };
    tables::read(source, &form::form(options), |event| reader.event(event))?;
    Ok(reader.finish())
}

enum Head {
    Rows(HeadRows),
    Known(RunHead),
}

/// The cells by which rows belong together, as they were written.
#[derive(Debug, Default)]
struct Key {
    cells: [String; 4],
    known: bool,
}

impl Key {
    fn is(&self, cells: &[Cow<'_, str>; COLUMNS.len()]) -> bool {
        self.known && self.cells.iter().zip(&cells[..=TO]).all(|(one, other)| one == other)
    }

    fn set(&mut self, cells: &[Cow<'_, str>; COLUMNS.len()]) {
        for (one, other) in self.cells.iter_mut().zip(&cells[..=TO]) {
            one.clear();
            one.push_str(other);
        }
        self.known = true;
    }
}

/// What stands at the end of a file.
struct Trailer {
    line: u64,
    rows: Option<u64>,
    sums: [Option<i128>; 3],
}

struct Reader<'o, F> {
    options: &'o Options,
    on_event: F,
    summary: Summary,
    head: Head,
    key: Key,
    block: Option<Building>,
    /// The assignments and periods that were there, by 128 bits of their hash.
    seen: HashSet<u128>,
    /// The pay date and period of the first document.
    first: Option<(Day, Period)>,
    trailer: Option<Trailer>,
    /// Whether every row was read, so that the trailer can be held against them.
    whole: bool,
    /// Whether whoever asked wants no more.
    stopped: bool,
    /// Whether a number of Units, Rate or Amount could not be read.
    unread: [bool; 3],
}

impl<F: FnMut(Event) -> ControlFlow<()>> Reader<'_, F> {
    fn event(&mut self, event: tables::Event<'_>) -> ControlFlow<()> {
        match event {
            tables::Event::Row(cells) => self.row(&cells),
            tables::Event::Error(finding) => {
                self.whole = false;
                let kind = match (finding.line, &finding.column) {
                    (Some(2..), Some(_)) => FindingKind::Cell,
                    _ => FindingKind::File,
                };
                let finding = Finding {
                    kind,
                    line: finding.line,
                    column: finding.column,
                    person: None,
                    expected: None,
                    found: finding.value,
                    text: finding.text,
                };
                // The row may be one of its own.
                if let Some(block) = &mut self.block {
                    block.lose();
                }
                self.summary.found(finding);
                ControlFlow::Continue(())
            }
            // That there are other sheets is nothing to be asked about: the control sums say whether this is the right one.
            tables::Event::Warning(_) => ControlFlow::Continue(()),
        }
    }

    fn row(&mut self, cells: &Cells<'_>) -> ControlFlow<()> {
        let line = cells.line();
        if self.trailer.is_some() {
            self.whole = false;
            self.summary
                .found(Finding { line: Some(line), ..of_file(FindingKind::File, words::AFTER_TRAILER) });
            return ControlFlow::Break(());
        }
        let cells: [Cow<'_, str>; COLUMNS.len()] =
            std::array::from_fn(|column| cells.get(column).unwrap_or_default());
        let section = Section::read(&cells[SECTION]);
        if section == Some(Section::Trailer) {
            self.trailer(line, &cells);
            return ControlFlow::Continue(());
        }
        self.summary.rows += 1;
        let (numbers, wrong) = self.numbers(&cells);
        if section == Some(Section::Run) {
            self.run(&Row { line, section: Section::Run, cells, numbers });
            return ControlFlow::Continue(());
        }
        if let Head::Rows(rows) = &mut self.head {
            match std::mem::take(rows).finish() {
                Ok(head) => {
                    self.head = Head::Known(head.clone());
                    self.tell(Event::Head(head))?;
                }
                Err(lacks) => {
                    lacks.into_iter().for_each(|finding| self.summary.found(finding));
                    self.whole = false;
                    self.stopped = true;
                    return ControlFlow::Break(());
                }
            }
        }
        if !self.key.is(&cells) {
            self.flush()?;
            self.key.set(&cells);
            self.begin(line, &cells);
        }
        let Some(block) = &mut self.block else { return ControlFlow::Continue(()) };
        let Some(section) = section else {
            let finding = at(
                FindingKind::Cell,
                line,
                form::name(SECTION),
                Some(block.person()),
                words::NO_SUCH_SECTION,
            );
            block.refuse(Finding { found: Some(shortened(&cells[SECTION])), ..finding });
            return ControlFlow::Continue(());
        };
        let document = match &self.head {
            Head::Known(head) => head.document,
            Head::Rows(_) => return ControlFlow::Continue(()),
        };
        if !section.is_of(document) {
            let text = words::not_of(section, document);
            let finding = at(FindingKind::Cell, line, form::name(SECTION), Some(block.person()), text);
            block.refuse(finding);
            return ControlFlow::Continue(());
        }
        for (column, why) in wrong.into_iter().flatten() {
            let finding = at(FindingKind::Cell, line, form::name(column), Some(block.person()), why);
            block.refuse(Finding { found: Some(shortened(&cells[column])), ..finding });
        }
        let row = Row { line, section, cells, numbers };
        match row.refused(Some(block.person())) {
            Some(finding) => block.refuse(finding),
            None => block.row(row),
        }
        ControlFlow::Continue(())
    }

    /// The numbers of a row, which are summed up whatever it is, and which of them cannot be read.
    fn numbers(
        &mut self,
        cells: &[Cow<'_, str>; COLUMNS.len()],
    ) -> (Numbers, [Option<(usize, &'static str)>; 3]) {
        fn cell<T>(
            text: &str,
            column: usize,
            read: impl FnOnce(&str) -> Result<T, &'static str>,
        ) -> (Option<T>, Option<(usize, &'static str)>) {
            match text {
                "" => (None, None),
                text => match read(text) {
                    Ok(number) => (Some(number), None),
                    Err(why) => (None, Some((column, why))),
                },
            }
        }
        let (units, wrong_units) = cell(&cells[UNITS], UNITS, decimal);
        let (rate, wrong_rate) =
            cell(&cells[RATE], RATE, |text| decimal(text.strip_prefix('£').unwrap_or(text)));
        let (pence, wrong_amount) = cell(&cells[AMOUNT], AMOUNT, amount);
        let sums = &mut self.summary.sums;
        sums.units += units.map_or(0, |units| i128::from(units.0));
        sums.rate += rate.map_or(0, |rate| i128::from(rate.0));
        sums.amount += pence.map_or(0, |pence| i128::from(pence.0));
        let wrong = [wrong_units, wrong_rate, wrong_amount];
        for (unread, wrong) in self.unread.iter_mut().zip(&wrong) {
            *unread |= wrong.is_some();
        }
        (Numbers { units, rate, amount: pence }, wrong)
    }

    /// A row of the head.
    fn run(&mut self, row: &Row<'_>) {
        let refused = |text| at(FindingKind::Row, row.line, form::name(SECTION), None, text);
        let finding = match &mut self.head {
            Head::Known(_) => Some(refused(words::RUN_LATE)),
            Head::Rows(rows) => {
                let finding = if row.cell(ASSIGNMENT).is_empty() {
                    row.refused(None)
                } else {
                    Some(refused(words::RUN_OF_SOMEBODY))
                };
                match finding {
                    Some(finding) => {
                        rows.refuse();
                        Some(finding)
                    }
                    None => rows.row(row.line, row.cell(DESCRIPTION), row.cell(TEXT)),
                }
            }
        };
        if let Some(finding) = finding {
            self.summary.found(finding);
        }
    }

    /// The first row of a payslip or P60.
    fn begin(&mut self, line: u64, cells: &[Cow<'_, str>; COLUMNS.len()]) {
        let number = cells[ASSIGNMENT].as_ref();
        let wrong = if number.is_empty() {
            Some(words::NUMBER_NEEDED.into())
        } else {
            refused_text(number, MOST_NUMBER)
        };
        if let Some(why) = wrong {
            let finding = at(FindingKind::Cell, line, form::name(ASSIGNMENT), None, why);
            let found = Some(shortened(number)).filter(|number| !number.is_empty());
            return self.summary.found(Finding { found, ..finding });
        }
        let [pay_date, from, to] = [PAY_DATE, FROM, TO].map(|column| {
            let cell = cells[column].as_ref();
            let why = match cell {
                "" => words::NEEDED,
                cell => match tables::day(cell) {
                    Ok(day) => return Some(Day::from(day)),
                    Err(why) => why,
                },
            };
            let finding = at(FindingKind::Cell, line, form::name(column), Some(number), why);
            let found = Some(shortened(cell)).filter(|cell| !cell.is_empty());
            self.summary.found(Finding { found, ..finding });
            None
        });
        let (Some(pay_date), Some(from), Some(to), Head::Known(head)) = (pay_date, from, to, &self.head)
        else {
            return;
        };
        let period = Period { from, to };
        let mut block = Building::new(line, number.to_owned(), pay_date, period, head);
        if !self.seen.insert(hash(number, period)) {
            let finding = at(FindingKind::Double, line, form::name(ASSIGNMENT), Some(number), words::DOUBLE);
            block.found(finding);
        }
        let first = *self.first.get_or_insert((pay_date, period));
        let first = (head.kind != RunKind::Correction).then_some(first);
        for finding in checks::dates(head, pay_date, period, first, self.options.today, line, number) {
            block.found(finding);
        }
        self.block = Some(block);
    }

    /// The payslip or P60 whose rows were read.
    fn flush(&mut self) -> ControlFlow<()> {
        let (Some(block), Head::Known(head)) = (self.block.take(), &self.head) else {
            return ControlFlow::Continue(());
        };
        let block = block.finish(head, self.options, &mut self.summary);
        self.tell(Event::Block(Box::new(block)))
    }

    fn tell(&mut self, event: Event) -> ControlFlow<()> {
        let answer = (self.on_event)(event);
        self.stopped |= answer.is_break();
        answer
    }

    fn trailer(&mut self, line: u64, cells: &[Cow<'_, str>; COLUMNS.len()]) {
        let mut found = |column: usize, why: &str| {
            let finding = at(FindingKind::Cell, line, form::name(column), None, why);
            self.summary.found(Finding { found: Some(shortened(&cells[column])), ..finding });
        };
        if !cells[ASSIGNMENT].is_empty() {
            found(ASSIGNMENT, words::TRAILER_OF_SOMEBODY);
        }
        let rows = cells[TEXT].parse::<u64>().ok();
        if rows.is_none() {
            found(TEXT, words::COUNT_FORM);
        }
        let mut sum =
            |column: usize, read: fn(&str) -> Result<i128, &'static str>| match cells[column].as_ref() {
                "" => Some(0),
                text => read(text).map_err(|why| found(column, why)).ok(),
            };
        let sums = [sum(UNITS, millionths), sum(RATE, millionths), sum(AMOUNT, pence_sum)];
        self.trailer = Some(Trailer { line, rows, sums });
    }

    fn finish(mut self) -> Summary {
        if self.stopped {
            return self.summary;
        }
        if self.flush().is_break() {
            return self.summary;
        }
        if let Head::Rows(rows) = &mut self.head
            && self.whole
        {
            let lacks = std::mem::take(rows).finish().err().unwrap_or_default();
            lacks.into_iter().for_each(|finding| self.summary.found(finding));
        }
        if self.whole && self.summary.people == 0 && self.summary.findings.is_empty() {
            self.summary.found(of_file(FindingKind::File, words::NO_DOCUMENTS));
        }
        self.summary.trailer = self.trailer.is_some();
        if let Some(trailer) = self.trailer.take().filter(|_| self.whole) {
            self.control(&trailer);
        }
        self.summary
    }

    /// Holds the trailer against the rows.
    fn control(&mut self, trailer: &Trailer) {
        let Summary { rows, sums, .. } = self.summary;
        let mut differs = |column: usize, expected: String, found: String, text: &str| {
            let finding = at(FindingKind::Control, trailer.line, form::name(column), None, text);
            self.summary.found(Finding { expected: Some(expected), found: Some(found), ..finding });
        };
        if let Some(counted) = trailer.rows.filter(|counted| *counted != rows) {
            differs(TEXT, rows.to_string(), counted.to_string(), words::COUNT_DIFFERS);
        }
        // An amount's pennies are written as the other columns' millionths.
        let columns = [(UNITS, sums.units, 1), (RATE, sums.rate, 1), (AMOUNT, sums.amount, 10_000)];
        for (((column, sum, parts), told), unread) in columns.into_iter().zip(trailer.sums).zip(self.unread) {
            if let Some(told) = told.filter(|told| *told != sum && !unread) {
                let [sum, told] = [sum, told].map(|sum| Millionths(sum * parts).to_string());
                differs(column, sum, told, words::SUM_DIFFERS);
            }
        }
    }
}

/// 128 bits that stand for an assignment and period.
fn hash(number: &str, period: Period) -> u128 {
    let mut hash = Sha256::new_with_prefix(number.as_bytes());
    for day in [period.from, period.to] {
        let date = day.date();
        hash.update([0]);
        hash.update(date.year().to_be_bytes());
        hash.update(date.month().to_be_bytes());
        hash.update(date.day().to_be_bytes());
    }
    hash.finalize().iter().take(16).fold(0, |bits, byte| (bits << 8) | u128::from(*byte))
}
