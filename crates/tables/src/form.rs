/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words, or digits that are no number.
    Text,
    /// A day; see [`day`](crate::day) for how it is written. A workbook's numbers are turned into days.
    Day,
    /// A number. Of a workbook's numbers as many digits are taken as Excel keeps, which is fifteen.
    Number,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name. In a header it stands in any case, with or without spaces, underscores and the like.
    pub name: &'static str,
    /// Whether a table has to have it.
    pub required: bool,
    /// What stands in it.
    pub kind: Kind,
}

/// How much of a file is read; more is refused.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Lines, the header and empty ones apart.
    pub lines: u64,
    /// Columns of a workbook.
    pub columns: usize,
    /// Bytes of one row's cells. A cell's own limit is the room's to say, in characters.
    pub row: usize,
}

/// What a room's table looks like.
#[derive(Clone, Copy, Debug)]
pub struct Form<'f> {
    /// Its columns, which stand in any order; a cell is asked for by its column's place here.
    pub columns: &'f [Column],
    /// The sheet that is read of a workbook which has one of this name, in small letters. Else it is the first that is not hidden.
    pub sheet: &'f str,
    /// How much is read.
    pub limits: Limits,
}
